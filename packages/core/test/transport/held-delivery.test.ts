import { describe, expect, test } from 'vitest';
import { incoming } from './support/fake-source.ts';

describe('a held delivery', () => {
  test('should be held until it is lost', () => {
    const held = incoming('a');
    expect(held.lost).toBe(false);
    expect(held.signal.aborted).toBe(false);
    expect(() => held.throwIfLost()).not.toThrow();
    held.lose('the lock expired');
    expect(held.lost).toBe(true);
    expect(held.signal.aborted).toBe(true);
    expect(() => held.throwIfLost()).toThrow(/the lock expired.*DELIVERY_LOST/);
  });

  test('should have a signal that fired, when it was lost before anybody asked', () => {
    const held = incoming('a');
    held.lose('the lock expired');
    expect(held.signal.aborted).toBe(true);
    expect(held.signal.reason).toMatchObject({ code: 'DELIVERY_LOST' });
  });

  test('should keep the first reason', () => {
    const held = incoming('a');
    held.lose('the lock expired');
    held.lose('something else');
    expect(String(held.signal.reason)).toContain('the lock expired');
  });

  test('should give the same signal to everybody', () => {
    const held = incoming('a');
    expect(held.signal).toBe(held.signal);
  });
});
