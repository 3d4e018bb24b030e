import { type Clock, type Logger, type Timer, silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import type { SqlRunner } from '../src/data-layer.ts';
import { statement } from '../src/statement.ts';
import { DispatchedMarks } from '../src/store/dispatched-marks.ts';

/** Timers fire when the test says so. */
class StillClock implements Clock {
  readonly timers = new Map<Timer, { action: () => void; delayMs: number }>();

  now(): number {
    return 0;
  }

  monotonic(): number {
    return 0;
  }

  setTimer(action: () => void, delayMs: number): Timer {
    const timer: Timer = { cancel: () => void this.timers.delete(timer) };
    this.timers.set(timer, { action, delayMs });
    return timer;
  }

  /** @returns for how long the timers were set */
  fire(): readonly number[] {
    const due = [...this.timers.values()];
    this.timers.clear();
    for (const { action } of due) action();
    return due.map(({ delayMs }) => delayMs);
  }
}

/** Notes which records each statement removes; a statement ends, or fails, when the test says so. */
class Statements implements SqlRunner {
  readonly batches: (readonly string[])[] = [];
  readonly #open: PromiseWithResolvers<{ rows: []; count: number }>[] = [];

  run({ values }: { values: readonly unknown[] }): Promise<{ rows: []; count: number }> {
    this.batches.push(values[0] as readonly string[]);
    const outcome = Promise.withResolvers<{ rows: []; count: number }>();
    this.#open.push(outcome);
    return outcome.promise;
  }

  async end(failure?: Error): Promise<void> {
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    if (this.#open.length === 0) await turn();
    const outcome = this.#open.shift();
    if (failure === undefined) outcome?.resolve({ rows: [], count: 0 });
    else outcome?.reject(failure);
    await turn();
  }
}

function make(logger: Logger = silentLogger): {
  marks: DispatchedMarks;
  clock: StillClock;
  statements: Statements;
} {
  const clock = new StillClock();
  const statements = new Statements();
  const marks = new DispatchedMarks(statements, statement('mark', 'DELETE'), clock, logger);
  return { marks, clock, statements };
}

test('should remove in one statement what was dispatched within a moment', () => {
  const { marks, clock, statements } = make();
  for (const record of ['a', 'b', 'c']) marks.add(record);
  expect(statements.batches).toEqual([]);
  expect(clock.fire()).toEqual([5]);
  expect(statements.batches).toEqual([['a', 'b', 'c']]);
});

test('should not wait when there are many, nor run two statements at a time', async () => {
  const { marks, clock, statements } = make();
  for (let index = 0; index < 1_200; index += 1) marks.add(String(index));
  expect(statements.batches.map(({ length }) => length)).toEqual([500]);
  await statements.end();
  clock.fire();
  await statements.end();
  clock.fire();
  expect(statements.batches.map(({ length }) => length)).toEqual([500, 500, 200]);
  expect(new Set(statements.batches.flat()).size).toBe(1_200);
});

test('should try again what failed, later and later, and warn once', async () => {
  const warnings: string[] = [];
  const { marks, clock, statements } = make({
    ...silentLogger,
    warn: (_fields, message) => void warnings.push(message),
  });
  marks.add('a');
  clock.fire();
  const pauses: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    await statements.end(new Error('away'));
    marks.add(`later ${round}`);
    pauses.push(...clock.fire());
  }
  expect(pauses).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(warnings).toHaveLength(1);
  expect(statements.batches.at(-1)).toEqual([
    'a',
    ...[0, 1, 2, 3, 4, 5, 6].map((n) => `later ${n}`),
  ]);
  await statements.end();
  marks.add('b');
  expect(clock.fire()).toEqual([5]);
  expect(statements.batches.at(-1)).toEqual(['b']);
});

test('should remove the rest when it is closed, behind what runs', async () => {
  const { marks, clock, statements } = make();
  marks.add('a');
  clock.fire();
  marks.add('b');
  const closed = marks.close();
  expect(statements.batches).toEqual([['a']]);
  await statements.end();
  expect(statements.batches).toEqual([['a'], ['b']]);
  await statements.end();
  await closed;
  expect(clock.timers.size).toBe(0);
});

test('should be closed though the rest cannot be removed', async () => {
  const { marks, statements, clock } = make();
  marks.add('a');
  const closed = marks.close();
  await statements.end(new Error('away'));
  await closed;
  expect(clock.timers.size).toBe(0);
});
