import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { describe, expect, test } from 'vitest';
import {
  diedAlone,
  isMarked,
  keptMark,
  startCountOf,
  startsBefore,
} from '../../src/receiving/start-count.ts';

function countOf(deliveryCount: number, applicationProperties: Record<string, unknown> = {}) {
  const message = { deliveryCount, applicationProperties, body: '' };
  return startCountOf(message as unknown as ServiceBusReceivedMessage);
}

describe('how often a message was begun', () => {
  test('should be how often it was delivered, without what was handed back', () => {
    expect(startsBefore(countOf(0))).toBe(0);
    expect(startsBefore(countOf(5))).toBe(5);
    expect(startsBefore(countOf(5, { 'x-busbar-handed-back': '3' }))).toBe(2);
  });

  test.each(['7', '-1', 'x', '1.5', {}])('should believe no nonsense: %j', (handedBack) => {
    expect(startsBefore(countOf(2, { 'x-busbar-handed-back': handedBack }))).toBeGreaterThanOrEqual(
      0,
    );
  });

  test('should blame it only when it came back twice since it was first alone', () => {
    const marked = { 'x-busbar-alone': '4' };
    expect(isMarked(countOf(4))).toBe(false);
    expect(isMarked(countOf(4, marked))).toBe(true);
    expect([4, 5, 6, 7].map((deliveries) => diedAlone(countOf(deliveries, marked)))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(diedAlone(countOf(9, { 'x-busbar-alone': '0' }))).toBe(false);
  });

  test('should hold nothing against one that was given back, and forget nothing of one that never began', () => {
    const diedOnce = countOf(5, { 'x-busbar-alone': '4' });
    expect(keptMark(diedOnce, true)).toBe(0);
    const again = countOf(6, { 'x-busbar-alone': String(keptMark(diedOnce, false)) });
    expect([4, 5].map((more) => diedAlone({ ...again, deliveries: 1 + more }))).toEqual([
      false,
      false,
    ]);
    expect(diedAlone({ ...again, deliveries: 7 })).toBe(true);
  });
});
