import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { FaultProxy } from '../../../../test/support/rabbitmq/fault-proxy.ts';
import {
  type PrivateNode,
  startPrivateNode,
} from '../../../../test/support/rabbitmq/private-node.ts';
import { programsForTests } from '../../../../test/support/rabbitmq/programs-for-tests.ts';
import type { RabbitMqCredentials } from '../../src/rabbitmq-options.ts';
import { WatchedLink, errorOf, socketOf } from './support/watched-link.ts';

const rabbit = await programsForTests();
/** Of a test that restarts the broker. */
const limitMs = 90_000;

rabbit.register('a connection that is lost', (programs) => {
  let node: PrivateNode;

  beforeAll(async () => {
    node = await startPrivateNode({ programs });
  }, limitMs);
  afterAll(() => node.destroy());
  // Where a test before has failed in the middle.
  beforeEach(async () => {
    node.resume();
    await node.start();
  }, limitMs);

  const proxied = (): Promise<FaultProxy> => FaultProxy.listen({ to: node.ports.amqp });
  const closeAll = (): Promise<string> => node.ctl('close_all_connections', 'the test says so');

  describe('a connection that is lost', () => {
    test('should come back when the broker has closed it', async () => {
      await using watched = await WatchedLink.open({ url: node.url });
      const reasons: Error[] = [];
      const problems: (string | undefined)[] = [];
      watched.link.listen({
        down: (reason) => {
          reasons.push(reason);
          problems.push(watched.link.problem);
        },
      });
      await closeAll();
      await watched.tells('up', 2);
      await watched.works();
      expect(watched.told).toEqual(['up', 'down', 'up']);
      expect(problems).toEqual([`The connection was lost: ${reasons[0]?.message}.`]);
      expect(problems[0]).toContain('CONNECTION_FORCED - the test says so');
      expect(watched.link.problem).toBeUndefined();
      expect(watched.host.warnings).toEqual([
        'The connection to RabbitMQ was lost; it is opened again',
      ]);
    });

    test(
      'should come back when the broker was killed and started again',
      { timeout: limitMs },
      async () => {
        await using watched = await WatchedLink.open({ url: node.url });
        await node.kill();
        await watched.tells('down', 1);
        const { port } = new URL(node.url);
        const problem = `amqp://127.0.0.1:${port} could not be reached: connect ECONNREFUSED 127.0.0.1:${port}.`;
        await until(10_000, `"${problem}"`, () => watched.link.problem === problem);
        await node.start();
        await watched.tells('up', 2);
        await watched.works();
      },
    );

    test('should come back when the broker stood still', { timeout: limitMs }, async () => {
      const options = { url: node.url, heartbeatSeconds: 1, connectTimeoutMs: 1_000 };
      await using watched = await WatchedLink.open(options);
      node.pause();
      await watched.tells('down', 1);
      await until(10_000, 'an attempt to fail', () => {
        return watched.link.problem?.includes('no answer') === true;
      });
      node.resume();
      await watched.tells('up', 2);
      await watched.works();
    });

    test(
      'should be found by its heartbeats when the network swallows everything, and leave no socket',
      { timeout: limitMs },
      async () => {
        await using proxy = await proxied();
        const options = { url: proxy.via(node.url), heartbeatSeconds: 1, connectTimeoutMs: 1_000 };
        await using watched = await WatchedLink.open(options);
        const socket = socketOf(watched.session);
        const problems: (string | undefined)[] = [];
        watched.link.listen({ down: () => problems.push(watched.link.problem) });
        proxy.blackHole();
        await watched.tells('down', 1, 10_000);
        expect(problems).toEqual(['The connection was lost: Heartbeat timeout.']);
        expect(socket.destroyed).toBe(true);
        await proxy.connected(3);
        proxy.resume();
        await watched.tells('up', 2);
        await watched.works();
        expect(watched.told).toEqual(['up', 'down', 'up']);
      },
    );

    test.each(['reset', 'drop'] as const)('should come back after a %s', async (how) => {
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(node.url) });
      proxy[how]();
      await watched.tells('up', 2);
      await watched.works();
      expect(watched.told).toEqual(['up', 'down', 'up']);
    });

    test('should go to the next host when one dies, and back', async () => {
      await using first = await proxied();
      await using second = await proxied();
      await first.close();
      const url = [first.via(node.url), second.via(node.url)];
      await using watched = await WatchedLink.open({ url });
      expect([first.connections, second.connections]).toEqual([0, 1]);
      await first.reopen();
      await second.close();
      await watched.tells('up', 2);
      expect([first.connections, second.connections]).toEqual([1, 0]);
      await second.reopen();
      await first.close();
      await watched.tells('up', 3);
      expect([first.connections, second.connections]).toEqual([0, 1]);
      await watched.works();
    });

    test('should be opened again ever more slowly when it is lost each time at once', async () => {
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(node.url) });
      const begin = performance.now();
      watched.link.listen({ up: () => proxy.reset() });
      await watched.tells('up', 6);
      // 100, 200, 400, 800 and 1600 ms, each up to a quarter shorter.
      expect(performance.now() - begin).toBeGreaterThan(2_300);
    });

    test(
      'should ask for the user again, and come back with the new password',
      { timeout: limitMs },
      async () => {
        await node.ctl('add_user', 'rotated', 'first');
        await node.ctl('set_permissions', 'rotated', '.*', '.*', '.*');
        let password = 'first';
        const credentials = async (): Promise<RabbitMqCredentials> => {
          return { username: 'rotated', password };
        };
        await using watched = await WatchedLink.open({ url: node.url, credentials });
        password = 'second';
        await node.ctl('change_password', 'rotated', password);
        await closeAll();
        await watched.tells('up', 2);
        await watched.works();
        await node.ctl('delete_user', 'rotated');
      },
    );

    test(
      'should say that it was refused, and come back when the password is right again',
      { timeout: limitMs },
      async () => {
        await node.ctl('add_user', 'static', 'my-secret');
        await node.ctl('set_permissions', 'static', '.*', '.*', '.*');
        const { port } = new URL(node.url);
        const url = `amqp://static:my-secret@127.0.0.1:${port}`;
        await using watched = await WatchedLink.open({ url });
        await node.ctl('change_password', 'static', 'another');
        await closeAll();
        const refused = `amqp://127.0.0.1:${port} refused the user or the password.`;
        await until(10_000, `"${refused}"`, () => watched.link.problem === refused);
        await until(10_000, 'a line in the log', () => {
          return watched.host.warnings.includes('RabbitMQ is still away');
        });
        const error = await errorOf(watched.link.whenUp(0));
        expect(error.message).toMatch(
          /^RabbitMQ has been away for \d+(\.\d)? s: amqp:.* refused the/,
        );
        await node.ctl('change_password', 'static', 'my-secret');
        await watched.tells('up', 2);
        await watched.works();
        await node.ctl('delete_user', 'static');
      },
    );

    test('should come back to those who wait for it', async () => {
      await using proxy = await proxied();
      await using watched = await WatchedLink.open({ url: proxy.via(node.url) });
      await proxy.close();
      await watched.tells('down', 1);
      const waiting = [watched.link.whenUp(60_000), watched.link.whenUp(60_000)];
      await proxy.reopen();
      const sessions = await within(30_000, 'both', Promise.all(waiting));
      expect(sessions).toEqual([watched.session, watched.session]);
    });
  });

  describe('a connection', () => {
    test('should be shown by the broker with its name and product', async () => {
      await using watched = await WatchedLink.open({ url: node.url }, 'publish');
      await watched.works();
      const shown = await node.ctl('list_connections', 'name', 'client_properties');
      expect(shown).toContain('{"connection_name","test publish (instance)"}');
      expect(shown).toContain('{"product","busbar"}');
    });

    test('should enter a virtual host and sign in with any name', async () => {
      const vhost = 'ü/ %2F&#+?@:x';
      const password = 'p@ss:/%2Fü #?';
      await node.ctl('add_vhost', vhost);
      await node.ctl('add_user', 'jürgen @:/%', password);
      const authority = `${encodeURIComponent('jürgen @:/%')}:${encodeURIComponent(password)}`;
      const { port } = new URL(node.url);
      const where = `amqp://127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
      const url = where.replace('//', `//${authority}@`);

      await using early = new WatchedLink({ url });
      const error = await errorOf(early.link.open());
      expect(error.message).toContain(
        `${where} refused the virtual host "${vhost}": it does not exist, the user may not enter it,`,
      );
      await node.ctl('set_permissions', '--vhost', vhost, 'jürgen @:/%', '.*', '.*', '.*');
      await using watched = await WatchedLink.open({ url });
      await watched.works();
      const shown = await node.ctl('list_connections', 'vhost', 'user');
      expect(shown).toContain(`${vhost}\tjürgen @:/%\n`);
    });
  });
});
