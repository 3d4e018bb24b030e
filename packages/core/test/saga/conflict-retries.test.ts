import { BusbarError, type Delivery, type SagaChange, silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import type { EndpointServices } from '../../src/endpoint/endpoint-services.ts';
import { createConflictRetries } from '../../src/saga/conflict-retries.ts';
import { ManualClock } from '../support/manual-clock.ts';

// Persistences differ in what they tell with it.
const conflict = (text = 'lost') => new BusbarError('SAGA_CONFLICT', text);
const changeOf = (id: string, correlation?: string): SagaChange => ({
  kind: 'insert',
  saga: { type: 'Test.Saga', id, correlation, version: 1, state: '{}' },
});

function setUp() {
  const clock = new ManualClock();
  const counts = { conflicts: 0 };
  const services = { clock, counts, logger: silentLogger } as unknown as EndpointServices;
  const lost = new AbortController();
  const delivery = {
    signal: lost.signal,
    get lost() {
      return lost.signal.aborted;
    },
  } as unknown as Delivery;
  return { clock, counts, lost, delivery, retry: createConflictRetries(services) };
}

/** Fails with a conflict once, then runs until it is told to end. */
function contender(delivery: Delivery, change?: SagaChange) {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const states = ['waiting'];
  const run = async (): Promise<void> => {
    if (states.length === 1) {
      states.push('lost');
      throw conflict();
    }
    states.push('again');
    await promise;
    states.push('ended');
  };
  const changes = () => (change === undefined ? [] : [change]);
  return { delivery, run, renew: () => {}, changes, end, states };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('should have those that lost over one saga take turns, whether they started or changed it', async () => {
  const { retry, delivery, counts } = setUp();
  const first = contender(delivery, changeOf('id-1', 'A-1'));
  const second = contender(delivery, changeOf('id-2', 'A-1'));
  const other = contender(delivery, changeOf('id-3', 'B-1'));
  const byId = contender(delivery, changeOf('A-1'));
  const ownRows = contender(delivery);
  const all = [first, second, other, byId, ownRows];
  const ended = Promise.all(all.map((each) => retry(each)));
  await turn();
  for (const each of [first, other, byId, ownRows]) expect(each.states.at(-1)).toBe('again');
  expect(second.states.at(-1)).toBe('lost');
  first.end();
  await turn();
  expect(second.states.at(-1)).toBe('again');
  for (const each of all) each.end();
  await ended;
  expect(counts.conflicts).toBe(5);
});

test('should give the turn on when a retry fails for another reason', async () => {
  const { retry, delivery } = setUp();
  let runs = 0;
  const failing = retry({
    ...contender(delivery, changeOf('id-1')),
    run: async () => {
      runs += 1;
      throw runs === 1 ? conflict() : new Error('broken');
    },
  });
  const next = contender(delivery, changeOf('id-1'));
  const waiting = retry(next);
  await expect(failing).rejects.toThrow('broken');
  next.end();
  await waiting;
  expect(next.states).toEqual(['waiting', 'lost', 'again', 'ended']);
});

test('should end with the conflict when the delivery is lost while it waits', async () => {
  const { retry, delivery, lost } = setUp();
  const holder = contender(delivery, changeOf('id-1'));
  const held = retry(holder);
  const late = contender(delivery, changeOf('id-1'));
  const waiting = retry(late);
  await turn();
  lost.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'SAGA_CONFLICT' });
  expect(late.states).toEqual(['waiting', 'lost']);
  holder.end();
  await held;
});

test('should renew before each retry, pause between them, and give up after 20', async () => {
  const { clock, counts, retry, delivery } = setUp();
  let renewed = 0;
  let runs = 0;
  const renewedAt: number[] = [];
  const ended = retry({
    ...contender(delivery, changeOf('id-1')),
    run: async () => {
      runs += 1;
      renewedAt.push(renewed);
      throw conflict(`lost ${runs}`);
    },
    renew: () => {
      renewed += 1;
    },
  });
  await turn();
  // The first retry is at once.
  expect(runs).toBe(2);
  const outcome = ended.catch((error: unknown) => error);
  for (let pauses = 1; pauses < 20; pauses += 1) {
    await clock.advance(50);
    await turn();
  }
  expect(await outcome).toMatchObject({ message: expect.stringContaining('lost 21') as string });
  expect(renewedAt).toEqual(Array.from({ length: 21 }, (_, index) => index));
  expect(counts.conflicts).toBe(20);
});
