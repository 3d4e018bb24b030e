import {
  type AnyEndpoint,
  BusbarError,
  type Headers,
  type SendOptions,
  type Transport,
  type TransportOperation,
  createEndpoint,
  handler,
  headerNames,
  silentLogger,
} from '@busbar/core';
import { noRetries } from '@busbar/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { absurdOptions } from './absurd-options.ts';
import { seedOfRun } from './check-bad-input.ts';
import { Plain } from './messages.ts';
import { changesSince, snapshotOfPrototypes } from './prototypes.ts';
import { targets } from './transports.ts';

const runs = 2_000;
const limitMs = 60_000;
const seed = seedOfRun();

/** An endpoint that sends to itself and tells what leaves and what comes. */
class Echo {
  readonly left: TransportOperation[] = [];
  #came: ((headers: Headers | 'expired') => void) | undefined;
  readonly #endpoint: AnyEndpoint;

  constructor(transport: Transport) {
    this.#endpoint = createEndpoint('odd', {
      transport,
      logger: silentLogger,
      recoverability: noRetries,
      handlers: [handler(Plain, (_, { headers }) => this.#came?.({ ...headers }))],
      observers: [
        {
          observe: (observation) => {
            if (observation.kind === 'dispatched') this.left.push(...observation.operations);
            if (observation.kind === 'expired') this.#came?.('expired');
          },
        },
      ],
    });
  }

  start(): Promise<void> {
    return this.#endpoint.start();
  }

  stop(): Promise<void> {
    return this.#endpoint.stop();
  }

  get handled(): number {
    const { handled, expired } = this.#endpoint.health().counts;
    return handled + expired;
  }

  /** The message as it comes, once it has left. */
  async send(options: SendOptions): Promise<{ readonly coming: Promise<Headers | 'expired'> }> {
    this.left.length = 0;
    const { promise, resolve } = Promise.withResolvers<Headers | 'expired'>();
    this.#came = resolve;
    const sending =
      options.destination === undefined
        ? this.#endpoint.sendLocal(new Plain({ a: 1 }), options)
        : this.#endpoint.send(new Plain({ a: 1 }), { destination: 'odd', ...options });
    await sending;
    return { coming: promise };
  }
}

/** Checks that the message left with exactly these options, and, unless it waits for later, that it came so. */
async function checkSent(echo: Echo, options: SendOptions, coming: Promise<Headers | 'expired'>) {
  const [operation, ...more] = echo.left;
  expect(more).toEqual([]);
  checkHeaders(operation!.message.headers, options);
  if (operation!.deliverAt !== undefined && operation!.deliverAt > Date.now() + 1_000)
    return 'waits';
  const came = await coming;
  if (came !== 'expired') checkHeaders(came, options);
  else expect(options.timeToBeReceived).toBeDefined();
  return 'came';
}

function checkHeaders(headers: Headers, { messageId, partitionKey, headers: own }: SendOptions) {
  const found = new Map(Object.entries(headers));
  for (const [name, value] of Object.entries(own ?? {})) expect(found.get(name)).toBe(value);
  if (messageId !== undefined) expect(found.get(headerNames.messageId)).toBe(messageId);
  expect(found.get(headerNames.partitionKey)).toBe(partitionKey);
  expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
}

/** Checks that the refusal names what it is about, and that nothing left. */
function checkRefused(error: unknown, echo: Echo, options: SendOptions) {
  expect(error).toBeInstanceOf(BusbarError);
  const { message } = error as BusbarError;
  const own = options.headers;
  const names = [
    ...Object.keys(options),
    ...(typeof own === 'object' && own !== null ? Object.keys(own) : []),
    ...(options.destination === undefined ? [] : ['queue']),
    ...(options.deliverAt === undefined ? [] : ['is delayed by']),
  ];
  expect(names.some((name) => message.includes(name || 'without a name'))).toBe(true);
  expect(echo.left).toEqual([]);
}

describe.each(targets)('when options are absurd on $name', (target) => {
  test(
    'should send them as they are, or refuse them by name',
    async () => {
      const before = snapshotOfPrototypes();
      const broker = await target.open();
      const echo = new Echo(broker.transport);
      await echo.start();
      let sent = 0;
      let came = 0;
      let refused = 0;
      const property = fc.asyncProperty(absurdOptions, async (options) => {
        const outcome = await echo.send(options).catch((error: unknown) => ({ error }));
        if ('error' in outcome) {
          refused += 1;
          checkRefused(outcome.error, echo, options);
        } else {
          sent += 1;
          if ((await checkSent(echo, options, outcome.coming)) === 'came') came += 1;
        }
      });
      try {
        await fc.assert(property, { numRuns: runs, seed });
        expect(changesSince(before)).toEqual([]);
        // What was refused has not come all the same.
        expect(echo.handled).toBe(came);
        expect(Math.min(sent, refused)).toBeGreaterThan(runs / 10);
      } finally {
        await echo.stop();
        await broker.close();
      }
    },
    limitMs,
  );
});
