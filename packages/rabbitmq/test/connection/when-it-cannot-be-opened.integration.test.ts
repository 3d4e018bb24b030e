import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { type Clock, systemClock } from '@busbar/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../../../test/support/rabbitmq/broker-for-tests.ts';
import {
  type ReservedPorts,
  reservePorts,
} from '../../../../test/support/rabbitmq/reserved-ports.ts';
import { Link } from '../../src/connection/link.ts';
import { checkOptions } from '../../src/rabbitmq-options.ts';
import { transportHost } from '../support/transport-host.ts';
import { alteringProxy, closeFrame, heartbeat, openOk } from './support/altering-proxy.ts';
import { silentServer } from './support/silent-server.ts';
import { WatchedLink, errorOf } from './support/watched-link.ts';

/** A clock that runs faster than the world. */
function fasterClock(times: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * times,
    setTimer: (action, delayMs, keepAlive) =>
      systemClock.setTimer(action, delayMs / times, keepAlive),
  };
}

/** Longer than a test may take: what is refused must not be tried for so long. */
const connectTimeoutMs = 600_000;

/** The beginning of connection.tune. */
const tune = Buffer.from('000a001e', 'hex');

const checkUser =
  'Correct them in the option `url` or `credentials`. RabbitMQ lets the user guest in from its own machine only. [TRANSPORT_UNAVAILABLE]';
const reachIt =
  'Start the broker, or correct the option `url`. `connectTimeoutMs` says for how long it is tried. [TRANSPORT_UNAVAILABLE]';
const returnUser =
  'The function must return { username, password }, or a promise of them. [TRANSPORT_UNAVAILABLE]';

for (const rabbit of [await brokerForTests('3'), await brokerForTests('4')]) {
  rabbit.register('opening', (broker) => {
    const { hostname, port } = new URL(broker.url);
    const where = `amqp://${hostname}:${port}`;

    describe(`opening a connection to RabbitMQ ${broker.version}`, () => {
      test('should fail at once for a wrong password, which it does not show', async () => {
        const url = `amqp://guest:my-secret@${hostname}:${port}`;
        await using watched = new WatchedLink({ url, connectTimeoutMs });
        const error = await errorOf(watched.link.open());
        expect(error.message).toBe(
          `RabbitMQ cannot be used: ${where} refused the user or the password. ${checkUser}`,
        );
        expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('my-secret');
      });

      test('should fail at once for a virtual host that is missing', async () => {
        const url = new URL(broker.url);
        url.pathname = '/no%2Fsuch';
        await using watched = new WatchedLink({ url: url.href, connectTimeoutMs });
        const error = await errorOf(watched.link.open());
        expect(error.message).toBe(
          `RabbitMQ cannot be used: ${where}/no%2Fsuch refused the virtual host "no/such": it does not exist, the user may not enter it, or it takes no more connections. Create it and give the user permissions in it, or correct the end of the option \`url\`. [TRANSPORT_UNAVAILABLE]`,
        );
        expect(watched.link.problem).toBe(
          `${where}/no%2Fsuch refused the virtual host "no/such": it does not exist, the user may not enter it, or it takes no more connections.`,
        );
      });

      test('should fail at once where TLS is not spoken', async () => {
        const url = `amqps://guest:guest@${hostname}:${port}`;
        await using watched = new WatchedLink({ url, connectTimeoutMs });
        const error = await errorOf(watched.link.open());
        expect(error.message).toBe(
          `RabbitMQ cannot be used: what listens on amqps://${hostname}:${port} does not speak TLS. Write its TLS port, or amqp:// instead of amqps://, in the option \`url\`. [TRANSPORT_UNAVAILABLE]`,
        );
      });

      test('should take the second host when the first is down', async () => {
        const url = [`amqp://guest:guest@127.0.0.1:${unused}`, broker.url];
        await using watched = await WatchedLink.open({ url });
        await watched.works();
      });

      test('should take the second host when the first says nothing', async () => {
        await using server = await silentServer();
        const url = [`amqp://guest:guest@127.0.0.1:${server.port}`, broker.url];
        await using watched = await WatchedLink.open({ url, connectTimeoutMs: 2_000 });
        await watched.works();
        await server.open(0);
      });

      test('should try again when the broker closes the connection as it begins', async () => {
        await using proxy = await alteringProxy(broker.url, (chunk, altered) => {
          if (altered === 2 || !chunk.includes(openOk)) return undefined;
          return Buffer.concat([chunk, closeFrame(320, 'CONNECTION_FORCED - not yet')]);
        });
        await using watched = await WatchedLink.open({ url: proxy.url });
        expect(proxy.altered).toBe(2);
        await watched.works();
        expect(watched.told).toEqual(['up']);
      });

      test('should fail when the broker closes each connection as it begins', async () => {
        await using proxy = await alteringProxy(broker.url, (chunk) => {
          if (!chunk.includes(openOk)) return undefined;
          return Buffer.concat([chunk, closeFrame(320, 'CONNECTION_FORCED - never')]);
        });
        await using watched = new WatchedLink({ url: proxy.url, connectTimeoutMs: 1_000 });
        const error = await errorOf(watched.link.open());
        expect(error.message).toMatch(
          /^RabbitMQ was not reached within 1 s: amqp:.* closed the connection while it was opened\./,
        );
        expect(watched.told).toEqual([]);
      });

      test('should not take a heartbeat that comes early for a refusal', async () => {
        await using proxy = await alteringProxy(broker.url, (chunk, altered) => {
          if (altered === 1 || !chunk.includes(openOk)) return undefined;
          return Buffer.concat([heartbeat, chunk]);
        });
        await using watched = await WatchedLink.open({ url: proxy.url });
        expect(proxy.altered).toBe(1);
        await watched.works();
      });

      test('should say what else the broker has against it, and try again', async () => {
        const text = 'NOT_ALLOWED - there are too many';
        await using proxy = await alteringProxy(broker.url, (chunk) => {
          return chunk.includes(tune) ? closeFrame(530, text) : undefined;
        });
        await using watched = new WatchedLink({ url: proxy.url, connectTimeoutMs: 1_000 });
        const error = await errorOf(watched.link.open());
        expect(error.message).toBe(
          `RabbitMQ was not reached within 1 s: amqp://127.0.0.1:${new URL(proxy.url).port} refused the connection: 530 (NOT-ALLOWED) with message "${text}". The log of the broker says more. [TRANSPORT_UNAVAILABLE]`,
        );
        expect(proxy.altered).toBeGreaterThan(1);
      });

      test('should name each host with its reason', async () => {
        const url = [
          `amqp://guest:wrong@${hostname}:${port}`,
          `amqp://guest:wrong@127.0.0.1:${unused}`,
        ];
        await using watched = new WatchedLink({ url, connectTimeoutMs: 3_000 });
        const error = await errorOf(watched.link.open());
        expect(error.message).toBe(
          `RabbitMQ was not reached within 3 s: ${where} refused the user or the password; amqp://127.0.0.1:${unused} could not be reached: connect ECONNREFUSED 127.0.0.1:${unused}. ${checkUser}`,
        );
      });
    });
  });
}

let reserved: ReservedPorts;
/** Nobody listens there. */
let unused: number;

beforeAll(async () => {
  reserved = await reservePorts(1);
  [unused = 0] = reserved.ports;
});

afterAll(() => reserved.release());

describe('a broker that is not there', () => {
  test('should be tried for as long as the option says', async () => {
    const url = `amqp://127.0.0.1:${unused}`;
    await using watched = new WatchedLink({ url, connectTimeoutMs: 700 });
    const begin = performance.now();
    const error = await errorOf(watched.link.open());
    // Nearly: it does not begin to wait for what would be too late.
    expect(performance.now() - begin).toBeGreaterThan(250);
    expect(error.message).toBe(
      `RabbitMQ was not reached within 0.7 s: ${url} could not be reached: connect ECONNREFUSED 127.0.0.1:${unused}. ${reachIt}`,
    );
    expect(watched.told).toEqual([]);
  });

  test('should be named when its name is unknown', async () => {
    const url = 'amqp://user:my-secret@no-such-host.invalid';
    await using watched = new WatchedLink({ url, connectTimeoutMs: 300 });
    const error = await errorOf(watched.link.open());
    expect(error.message).toMatch(
      /^RabbitMQ was not reached within 0\.3 s: amqp:\/\/no-such-host\.invalid:5672 could not be reached: (getaddrinfo E\w+ no-such-host\.invalid|no answer)\. Start the broker/,
    );
    expect(error.message).not.toContain('my-secret');
  });
});

describe('a host that accepts connections and does not speak AMQP', () => {
  test('should be tried again after 30 s, however long a start may take', async () => {
    const second = Promise.withResolvers<void>();
    let accepted = 0;
    await using server = await silentServer(() => {
      accepted += 1;
      if (accepted === 2) second.resolve();
    });
    const settings = checkOptions({ url: `amqp://127.0.0.1:${server.port}`, connectTimeoutMs });
    const link = new Link(settings, { ...transportHost(), clock: fasterClock(100) }, 'test');
    const opening = errorOf(link.open());
    await within(5_000, 'the second attempt', second.promise);
    await link.close();
    await opening;
  });

  test.each(['amqp', 'amqps'])('should be given up when it says nothing to %s', async (scheme) => {
    await using server = await silentServer();
    const url = `${scheme}://127.0.0.1:${server.port}`;
    await using watched = new WatchedLink({ url, connectTimeoutMs: 500 });
    const error = await errorOf(watched.link.open(), 5_000);
    expect(error.message).toBe(
      `RabbitMQ was not reached within 0.5 s: ${url} could not be reached: no answer. ${reachIt}`,
    );
    await server.open(0);
  });

  test('should be given up when each byte comes just in time', async () => {
    await using server = await silentServer((socket) => {
      // The beginning of a frame that is a kilobyte long.
      socket.write(Buffer.from([1, 0, 0, 0, 0, 4, 0]));
      const timer = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(timer));
    });
    const url = `amqp://127.0.0.1:${server.port}`;
    await using watched = new WatchedLink({ url, connectTimeoutMs: 500 });
    const error = await errorOf(watched.link.open(), 5_000);
    expect(error.message).toContain(`${url} could not be reached: no answer.`);
    await server.open(0);
  });

  test('should be named when it closes the connection', async () => {
    await using server = await silentServer((socket) => socket.end());
    const url = `amqp://127.0.0.1:${server.port}`;
    await using watched = new WatchedLink({ url, connectTimeoutMs: 300 });
    const error = await errorOf(watched.link.open(), 5_000);
    expect(error.message).toBe(
      `RabbitMQ was not reached within 0.3 s: ${url} closed the connection while it was opened. If that is its TLS port, write amqps:// in the option \`url\`. [TRANSPORT_UNAVAILABLE]`,
    );
  });
});

describe('the option "credentials"', () => {
  const url = 'amqp://127.0.0.1:1';
  const gaveNone = `the option "credentials" gave no user for ${url}`;

  test('should be named when its function throws, and asked again', async () => {
    let asked = 0;
    const credentials = (): never => {
      asked += 1;
      throw new Error('the vault is sealed');
    };
    await using watched = new WatchedLink({ url, credentials, connectTimeoutMs: 1_000 });
    const error = await errorOf(watched.link.open());
    expect(error.message).toBe(
      `RabbitMQ was not reached within 1 s: ${gaveNone}: the vault is sealed. ${returnUser}`,
    );
    expect(asked).toBeGreaterThan(1);
  });

  test('should be given up when its promise never ends', async () => {
    const credentials = (): Promise<never> => new Promise(() => {});
    await using watched = new WatchedLink({ url, credentials, connectTimeoutMs: 300 });
    const error = await errorOf(watched.link.open());
    expect(error.message).toBe(
      `RabbitMQ was not reached within 0.3 s: ${gaveNone}: no answer. ${returnUser}`,
    );
  });

  test.each([undefined, {}, { username: 'user' }, { username: 'user', password: 7 }])(
    'should fail at once when what it gives is %j',
    async (user) => {
      const credentials = (): never => user as never;
      await using watched = new WatchedLink({ url, credentials, connectTimeoutMs });
      const error = await errorOf(watched.link.open());
      expect(error.message).toBe(
        `RabbitMQ cannot be used: ${gaveNone}: what it returned is no user. ${returnUser}`,
      );
    },
  );
});

describe('a URL that cannot be read', () => {
  test.each([
    ['amqp://user:my-secret', 'what follows "user:" is not a port'],
    ['amqp://user:my-secret,other', 'what follows "user:" is not a port'],
    ['amqp://user:my-sec/ret@host/shop', 'write "/" in a password as %2F'],
    ['amqp://user:12/34-secret@host', 'write "/" in a password as %2F'],
    ['amqp://host/a@b', '"@" behind the host as %40'],
    ['amqp://one,,two', 'a host between commas is missing'],
    ['amqp://one,', 'a host between commas is missing'],
    ['amqp://host:70000', '"70000" is not a port'],
  ])('should be refused without its secrets: %s', (url, why) => {
    const refused = (): WatchedLink => new WatchedLink({ url });
    expect(refused).toThrow(why);
    expect(refused).not.toThrow(/sec/);
  });
});
