import { Command, createEndpoint, defineRoutes, handler, silentLogger } from '@busbar/core';
import { sqsTransport } from '@busbar/sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Fault,
  FaultLayer,
  answerLost,
  cutOff,
  doneTwice,
  everyOtherFails,
  expired,
  reordered,
  throttled,
} from '../../support/sqs/fault-layer.ts';
import { LocalAws, pollBriefly } from '../../support/sqs/local-aws.ts';

class Count extends Command('Faults.Count')<{ number: number }> {}

const messages = 120;

let aws: LocalAws;
beforeAll(async () => {
  aws = await LocalAws.start();
});
afterAll(() => aws[Symbol.asyncDispose]());

/** An endpoint that sends to itself and counts what it handles. */
function counting(name: string) {
  const faults = new FaultLayer();
  const times = new Map<number, number>();
  const waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];
  const routes = defineRoutes({ [name]: [Count] });
  const endpoint = createEndpoint(name, {
    transport: sqsTransport({
      ...aws.options,
      visibilitySeconds: 2,
      pollSeconds: 1,
      configureClient: (client) => {
        faults.install(client);
        pollBriefly(client);
      },
    }),
    handlers: [
      handler(Count, async ({ number }) => {
        times.set(number, (times.get(number) ?? 0) + 1);
        for (const { done, resolve } of waiting) if (done()) resolve();
      }),
    ],
    routes,
    logger: silentLogger,
    concurrency: 8,
  });
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      if (done()) resolve();
      else waiting.push({ done, resolve });
    });
  return { endpoint, faults, times, until };
}

interface Misbehaviour {
  readonly what: string;
  readonly calls: RegExp;
  readonly fault: Fault;
  readonly every: number;
  /** Whether the service itself makes a second message of one, or shows one twice. */
  readonly repeats: boolean;
}

const misbehaviours: readonly Misbehaviour[] = [
  {
    what: 'is throttled',
    calls: /Batch|ReceiveMessage/,
    fault: throttled,
    every: 3,
    repeats: false,
  },
  { what: 'is cut off', calls: /Batch|ReceiveMessage/, fault: cutOff, every: 3, repeats: false },
  {
    what: 'refuses expired credentials',
    calls: /Batch|ReceiveMessage/,
    fault: expired,
    every: 3,
    repeats: false,
  },
  {
    what: 'fails for parts of batches',
    calls: /Batch/,
    fault: everyOtherFails,
    every: 2,
    repeats: false,
  },
  {
    what: 'answers nothing after it has stored',
    calls: /SendMessageBatch/,
    fault: answerLost,
    every: 4,
    repeats: true,
  },
  {
    what: 'answers nothing after it has deleted',
    calls: /DeleteMessageBatch/,
    fault: answerLost,
    every: 2,
    repeats: false,
  },
  {
    what: 'loses the answer of a poll',
    calls: /ReceiveMessage/,
    fault: answerLost,
    every: 4,
    repeats: false,
  },
  {
    what: 'stores a message twice',
    calls: /SendMessageBatch/,
    fault: doneTwice,
    every: 3,
    repeats: true,
  },
  {
    what: 'delivers in another order',
    calls: /ReceiveMessage/,
    fault: reordered,
    every: 1,
    repeats: false,
  },
];

describe('a service that', () => {
  test.each(misbehaviours)(
    '$what loses nothing, and the endpoint goes on',
    async (misbehaviour) => {
      const { calls, fault, every, repeats } = misbehaviour;
      const name = `faults-${misbehaviours.indexOf(misbehaviour)}`;
      const { endpoint, faults, times, until } = counting(name);
      await endpoint.start();
      faults.add(calls, fault, Number.POSITIVE_INFINITY, every);
      await Promise.all(
        Array.from({ length: messages }, (_, number) => endpoint.send(new Count({ number }))),
      );
      await until(() => times.size === messages);
      expect(faults.hits.size).toBeGreaterThan(0);
      faults.clear();
      await endpoint.send(new Count({ number: messages }));
      await until(() => times.has(messages));
      await endpoint.stop();
      if (!repeats) expect([...times.values()].filter((count) => count > 1)).toEqual([]);
      expect(endpoint.health().counts.failed).toBe(0);
    },
  );
});
