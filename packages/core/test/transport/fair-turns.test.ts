import { describe, expect, test } from 'vitest';
import { FairTurns } from '../../src/transport/fair-turns.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { turn } from './support/fake-source.ts';

describe('fair turns', () => {
  test('should rest after 256 pieces of work, until the others had their turn', async () => {
    let resumed = 0;
    const turns = new FairTurns(() => (resumed += 1));
    for (let count = 0; count < 255; count += 1) turns.count();
    expect(turns.resting).toBe(false);
    turns.count();
    turns.count();
    expect(turns.resting).toBe(true);
    await turn();
    expect(turns.resting).toBe(false);
    expect(resumed).toBe(1);
  });

  test('should rest after five milliseconds, where there is a clock', async () => {
    const clock = new ManualClock();
    const turns = new FairTurns(() => {}, clock);
    turns.count();
    expect(turns.resting).toBe(false);
    await clock.advance(5);
    turns.count();
    expect(turns.resting).toBe(true);
    await turn();
    turns.count();
    expect(turns.resting).toBe(false);
  });
});
