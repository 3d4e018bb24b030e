import { Command, defineRoutes, fixed, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class Book extends Command('Stock.Book')<{ key: string; step: number }> {}

const routes = defineRoutes({ stock: [Book] });
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe.each(transports)('when messages have partition keys on $name', (transport) => {
  test('should handle those of one key in order, and those of others at the same time', async () => {
    await using harness = await transport.harness();
    const inside = new Set<string>();
    const seen: Record<string, number[]> = {};
    let most = 0;
    const keys = ['a', 'b', 'c', 'd'];
    const stock = harness.endpoint('stock', {
      routes,
      concurrency: 8,
      handlers: [
        handler(Book, async ({ key, step }) => {
          if (inside.has(key)) throw new Error(`two of ${key} at once`);
          inside.add(key);
          most = Math.max(most, inside.size);
          await turn();
          (seen[key] ??= []).push(step);
          inside.delete(key);
        }),
      ],
    });
    const sender = harness.endpoint('sender', { routes, sendOnly: true, provision: true });
    await sender.start();
    const steps = Array.from({ length: 20 }, (_, step) => step);
    for (const step of steps) {
      for (const key of keys) await sender.send(new Book({ key, step }), { partitionKey: key });
    }
    await stock.start();
    await harness.settled();
    expect(seen).toEqual(Object.fromEntries(keys.map((key) => [key, steps])));
    expect(most).toBeGreaterThan(1);
    expect(harness.failures(Book)).toEqual([]);
  });

  test('should keep the order of each key across instances where it is ordered', async () => {
    await using harness = await transport.harness();
    const inside = new Set<string>();
    const seen: Record<string, number[]> = {};
    const options = {
      routes,
      ordered: true,
      handlers: [
        handler(Book, async ({ key, step }) => {
          if (inside.has(key)) throw new Error(`two of ${key} at once`);
          inside.add(key);
          await turn();
          (seen[key] ??= []).push(step);
          inside.delete(key);
        }),
      ],
    };
    const stock = harness.endpoint('stock', options);
    harness.endpoint('stock', options);
    await harness.start();
    const keys = ['a', 'b', 'c'];
    const steps = Array.from({ length: 15 }, (_, step) => step);
    for (const step of steps) {
      for (const key of keys) await stock.send(new Book({ key, step }), { partitionKey: key });
    }
    await harness.settled();
    expect(seen).toEqual(Object.fromEntries(keys.map((key) => [key, steps])));
    expect(harness.failures(Book)).toEqual([]);
  });
});

describe('when a message with a partition key fails', () => {
  test('should hold the key through immediate retries', async () => {
    await using harness = createHarness();
    const seen: string[] = [];
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: { ...noRetries, immediate: 2 },
      handlers: [
        handler(Book, async ({ step }, { attempt }) => {
          await turn();
          seen.push(`${step}.${attempt.immediate}`);
          if (step === 0 && attempt.immediate < 2) throw new Error('not yet');
        }),
      ],
    });
    await harness.start();
    for (const step of [0, 1, 2]) {
      await stock.send(new Book({ key: 'a', step }), { partitionKey: 'a' });
    }
    await harness.settled();
    expect(seen).toEqual(['0.0', '0.1', '0.2', '1.0', '2.0']);
  });

  test('should let later ones go on while it is delayed, by default', async () => {
    await using harness = createHarness();
    const seen: string[] = [];
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: { immediate: 0, delayed: fixed({ attempts: 1, delay: '10s' }) },
      handlers: [
        handler(Book, ({ step }, { attempt }) => {
          seen.push(`${step} after ${attempt.delayed}`);
          if (step === 0 && attempt.delayed === 0) throw new Error('not yet');
        }),
      ],
    });
    await harness.start();
    for (const step of [0, 1, 2]) {
      await stock.send(new Book({ key: 'a', step }), { partitionKey: 'a' });
    }
    await harness.advance('10s');
    expect(seen).toEqual(['0 after 0', '1 after 0', '2 after 0', '0 after 1']);
  });

  test('should block later ones of its key until it has succeeded, where that is asked', async () => {
    await using harness = createHarness();
    const seen: string[] = [];
    let broken = true;
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: {
        immediate: 1,
        delayed: fixed({ attempts: 3, delay: '10s' }),
        onLaneFailure: 'block',
      },
      handlers: [
        handler(Book, ({ key, step }) => {
          seen.push(`${key}${step}`);
          if (key === 'a' && step === 0 && broken) throw new Error('not yet');
        }),
      ],
    });
    await harness.start();
    for (const step of [0, 1]) {
      for (const key of ['a', 'b'])
        await stock.send(new Book({ key, step }), { partitionKey: key });
    }
    await harness.advance('9s');
    expect(seen.toSorted()).toEqual(['a0', 'a0', 'b0', 'b1']);
    broken = false;
    await harness.advance('1s');
    expect(seen.slice(4)).toEqual(['a0', 'a1']);
    expect(stock.health().counts).toMatchObject({ handled: 4, delayed: 1, movedToError: 0 });
  });

  test('should block later ones until it is in the error queue, with the usual counts', async () => {
    await using harness = createHarness();
    const seen: number[] = [];
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: {
        immediate: 1,
        delayed: fixed({ attempts: 2, delay: '10s' }),
        onLaneFailure: 'block',
      },
      handlers: [
        handler(Book, ({ step }) => {
          seen.push(step);
          if (step === 0) throw new Error('never');
        }),
      ],
    });
    await harness.start();
    for (const step of [0, 1]) {
      await stock.send(new Book({ key: 'a', step }), { partitionKey: 'a' });
    }
    await harness.advance('20s');
    expect(seen).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(await harness.errorQueue()).toMatchObject([
      { json: { step: 0 }, failure: { attempts: 6 } },
    ]);
  });

  test('should delay one without a key as ever, where keys block', async () => {
    await using harness = createHarness();
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: {
        immediate: 0,
        delayed: fixed({ attempts: 1, delay: '10s' }),
        onLaneFailure: 'block',
      },
      handlers: [
        handler(Book, (_, { attempt }) => {
          if (attempt.delayed === 0) throw new Error('not yet');
        }),
      ],
    });
    await harness.start();
    await stock.send(new Book({ key: 'a', step: 0 }));
    await harness.settled();
    expect(stock.health().receivers[0]).toMatchObject({ inFlight: 0 });
    await harness.advance('10s');
    expect(harness.handled(Book)).toHaveLength(1);
  });

  test('should keep its key through a delayed retry', async () => {
    await using harness = createHarness();
    const seen: unknown[] = [];
    const stock = harness.endpoint('stock', {
      routes,
      recoverability: { immediate: 0, delayed: fixed({ attempts: 1, delay: '10s' }) },
      handlers: [
        handler(Book, (_, { attempt, headers }) => {
          seen.push(headers['busbar-partition-key']);
          if (attempt.delayed === 0) throw new Error('not yet');
        }),
      ],
    });
    await harness.start();
    await stock.send(new Book({ key: 'a', step: 0 }), { partitionKey: 'a' });
    await harness.advance('10s');
    expect(seen).toEqual(['a', 'a']);
  });
});
