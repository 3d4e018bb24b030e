import { BusbarError, type Delivery, silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import type { EndpointServices } from '../../src/endpoint/endpoint-services.ts';
import { createConflictRetries } from '../../src/saga/conflict-retries.ts';
import { ManualClock } from '../support/manual-clock.ts';

const conflict = (sagaId: string, correlation?: string) =>
  new BusbarError('SAGA_CONFLICT', 'lost', { details: { saga: 'Test.Saga', sagaId, correlation } });

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
function contender(lost: BusbarError) {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const states = ['waiting'];
  let calls = 0;
  const attempt = async (): Promise<void> => {
    calls += 1;
    if (calls === 1) throw lost;
    states.push('again');
    await promise;
    states.push('ended');
  };
  return { attempt, end, states };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('should have those that lost over one saga take turns, whatever they knew of it', async () => {
  const { retry, delivery, counts } = setUp();
  // One lost as it started an instance, the other as it changed that one.
  const first = contender(conflict('id-1', 'A-1'));
  const second = contender(conflict('id-2', 'A-1'));
  const other = contender(conflict('id-3', 'B-1'));
  const all = [first, second, other].map((each) => retry(each.attempt, delivery, () => {}));
  await turn();
  expect(first.states).toEqual(['waiting', 'again']);
  expect(second.states).toEqual(['waiting']);
  expect(other.states).toEqual(['waiting', 'again']);
  first.end();
  await turn();
  expect(second.states).toEqual(['waiting', 'again']);
  second.end();
  other.end();
  await Promise.all(all);
  expect(counts.conflicts).toBe(3);
});

test('should give the turn on when a retry fails for another reason', async () => {
  const { retry, delivery } = setUp();
  const error = conflict('id-1');
  let calls = 0;
  const failing = retry(
    async () => {
      calls += 1;
      throw calls === 1 ? error : new Error('broken');
    },
    delivery,
    () => {},
  );
  const next = contender(error);
  const waiting = retry(next.attempt, delivery, () => {});
  await expect(failing).rejects.toThrow('broken');
  next.end();
  await waiting;
  expect(next.states).toEqual(['waiting', 'again', 'ended']);
});

test('should end with the conflict when the delivery is lost while it waits', async () => {
  const { retry, delivery, lost } = setUp();
  const error = conflict('id-1');
  const holder = contender(error);
  const held = retry(holder.attempt, delivery, () => {});
  const late = contender(error);
  const waiting = retry(late.attempt, delivery, () => {});
  await turn();
  lost.abort();
  await expect(waiting).rejects.toBe(error);
  expect(late.states).toEqual(['waiting']);
  holder.end();
  await held;
});

test('should renew before each retry, pause between them, and give up after 20', async () => {
  const { clock, counts, retry, delivery } = setUp();
  let renewed = 0;
  let calls = 0;
  const renewedAt: number[] = [];
  const ended = retry(
    async () => {
      calls += 1;
      renewedAt.push(renewed);
      throw conflict(`id-${calls}`);
    },
    delivery,
    () => {
      renewed += 1;
    },
  );
  await turn();
  // The first retry is at once.
  expect(calls).toBe(2);
  const outcome = ended.catch((error: unknown) => error);
  for (let pauses = 1; pauses < 20; pauses += 1) {
    await clock.advance(50);
    await turn();
  }
  expect(await outcome).toMatchObject({
    code: 'SAGA_CONFLICT',
    details: { sagaId: 'id-21' },
  });
  expect(renewedAt).toEqual(Array.from({ length: 21 }, (_, index) => index));
  expect({ calls, renewed }).toEqual({ calls: 21, renewed: 20 });
  expect(counts.conflicts).toBe(20);
});
