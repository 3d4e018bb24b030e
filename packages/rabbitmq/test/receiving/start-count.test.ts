import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CopyCounts,
  type StartCount,
  copyOnArrival,
  copyOnReturn,
  diedAlone,
  endsAlone,
  firstStart,
  remembered,
  startCountOf,
  startsBefore,
} from '../../src/receiving/start-count.ts';
import { message } from './support/deliveries.ts';

const again = { redelivered: true };

function ownHeaders({ deliveries, alone }: CopyCounts): Record<string, string> {
  return {
    'x-busbar-deliveries': String(deliveries),
    ...(alone !== undefined && { 'x-busbar-alone': String(alone) }),
  };
}

describe('the count of starts', () => {
  test('should be one object for nearly all messages', () => {
    expect(startCountOf(message({}))).toBe(firstStart);
    expect(startsBefore(firstStart)).toBe(0);
  });

  test('should be what a quorum queue counted', () => {
    const count = startCountOf(message(again, { 'x-delivery-count': 3 }));
    expect(count).toMatchObject({ here: 3, earlier: 0, classic: false });
    // RabbitMQ 4.3 after a basic.nack.
    const acquired = startCountOf(message(again, { 'x-acquired-count': 2 }));
    expect(acquired).toMatchObject({ here: 0, classic: false });
  });

  test('should be one for what a classic queue delivers again', () => {
    expect(startCountOf(message(again))).toMatchObject({ here: 1, classic: true });
  });

  test('should add what came before a copy', () => {
    const headers = { 'x-delivery-count': 2, 'x-busbar-deliveries': '7', 'x-busbar-alone': '6' };
    const count = startCountOf(message(again, headers));
    expect(count).toEqual({ here: 2, earlier: 7, local: 0, alone: 6, classic: false });
    expect(startsBefore(count)).toBe(9);
    expect(endsAlone(count)).toBe(3);
  });

  test('should take nonsense for nothing', () => {
    for (const value of ['', 'many', '-3', '1.5', null, {}, Number.NaN, '1e400']) {
      const headers = { 'x-busbar-deliveries': value, 'x-busbar-alone': value };
      expect(startsBefore(startCountOf(message(again, headers)))).toBe(1);
    }
  });

  test('should be what the same process remembers, where the queue does not count', () => {
    const classic = startCountOf(message(again, { 'x-busbar-deliveries': '2' }));
    expect(startsBefore(classic)).toBe(3);
    expect(startsBefore(remembered(classic, 6))).toBe(6);
    expect(copyOnArrival({ count: remembered(classic, 6), suspicionAfter: 9, wasOurs: true })).toBe(
      undefined,
    );
    const quorum = startCountOf(message(again, { 'x-delivery-count': 4 }));
    expect(remembered(quorum, 1)).toBe(quorum);
  });
});

describe('a copy that takes the place of a message', () => {
  const arrival = (headers: Record<string, unknown>, wasOurs = false): CopyCounts | undefined =>
    copyOnArrival({ count: startCountOf(message(again, headers)), suspicionAfter: 5, wasOurs });

  test('should carry what a classic queue does not count', () => {
    expect(arrival({})).toEqual({ deliveries: 1, alone: undefined });
    expect(arrival({ 'x-busbar-deliveries': '3' })).toEqual({ deliveries: 4, alone: undefined });
    expect(arrival({ 'x-busbar-deliveries': '6', 'x-busbar-alone': '6' })).toEqual({
      deliveries: 7,
      alone: 6,
    });
  });

  test('should not be made of what a quorum queue counts, until that comes near its limit', () => {
    expect(arrival({ 'x-delivery-count': 4 })).toBe(undefined);
    const far = { 'x-delivery-count': 10 };
    const count = startCountOf(message(again, far));
    expect(copyOnArrival({ count, suspicionAfter: 50, wasOurs: false })).toEqual({
      deliveries: 10,
      alone: undefined,
    });
    expect(copyOnReturn(count, true)).toEqual({ deliveries: 11, alone: undefined });
    expect(copyOnReturn(count, false)).toEqual({ deliveries: 10, alone: undefined });
  });

  test('should mark a suspect that has no mark', () => {
    expect(arrival({ 'x-delivery-count': 5 })).toEqual({ deliveries: 5, alone: 5 });
    expect(arrival({ 'x-busbar-deliveries': '5' })).toEqual({ deliveries: 6, alone: 6 });
  });

  test('should not be made of a marked one, nor of one that died', () => {
    const marked = { 'x-busbar-deliveries': '5', 'x-busbar-alone': '5' };
    for (const starts of [1, 2, 3]) {
      expect(arrival({ ...marked, 'x-delivery-count': starts })).toBe(undefined);
    }
  });

  test('should excuse the end that was a lost connection of this process, and no other', () => {
    const marked = { 'x-busbar-deliveries': '5', 'x-busbar-alone': '5' };
    expect(arrival({ ...marked, 'x-delivery-count': 1 }, true)).toEqual({
      deliveries: 6,
      alone: 6,
    });
    expect(arrival({ ...marked, 'x-delivery-count': 2 }, true)).toEqual({
      deliveries: 7,
      alone: 6,
    });
    expect(arrival({ ...marked, 'x-delivery-count': 3 }, true)).toBe(undefined);
  });

  test('should hold nothing against a suspect that its process gave back', () => {
    const marked = { 'x-busbar-deliveries': '5', 'x-busbar-alone': '5', 'x-delivery-count': 1 };
    const count = startCountOf(message(again, marked));
    expect(copyOnReturn(count, true)).toEqual({ deliveries: 7, alone: 7 });
    expect(copyOnReturn(count, false), 'what it did before stays').toEqual({
      deliveries: 6,
      alone: 5,
    });
  });
});

describe('the crash guard over many deaths', () => {
  /** What becomes of a message whose every start ends in the way that is given; returns the starts it took. */
  function live(
    ends: readonly ('death' | 'gave back' | 'waited')[],
    kind: 'classic' | 'quorum',
    suspicionAfter: number,
  ): { died: boolean; deathsAlone: number; starts: number } {
    let headers: Record<string, unknown> = {};
    let here = 0;
    let deathsAlone = 0;
    let starts = 0;
    const arrive = (): StartCount => {
      const counted = kind === 'quorum' && here > 0 ? { 'x-delivery-count': here } : {};
      return startCountOf(message({ redelivered: here > 0 }, { ...headers, ...counted }));
    };
    for (const end of ends) {
      let count = arrive();
      let copy = copyOnArrival({ count, suspicionAfter, wasOurs: false });
      while (copy !== undefined) {
        headers = ownHeaders(copy);
        here = 0;
        count = arrive();
        copy = copyOnArrival({ count, suspicionAfter, wasOurs: false });
      }
      if (diedAlone(count)) return { died: true, deathsAlone, starts };
      starts += 1;
      const alone = 1 + startsBefore(count) > suspicionAfter;
      if (end === 'death') {
        if (alone) deathsAlone += 1;
        here += 1;
        continue;
      }
      const returned = copyOnReturn(count, end === 'gave back');
      if (end === 'gave back') deathsAlone = 0;
      if (returned === undefined) {
        here += 1;
      } else {
        headers = ownHeaders(returned);
        here = 0;
      }
    }
    return { died: false, deathsAlone, starts };
  }

  test('should give a killer up after two deaths alone', () => {
    for (const kind of ['classic', 'quorum'] as const) {
      for (const suspicionAfter of [1, 2, 5, 9, 15]) {
        const ends = Array.from({ length: 40 }, () => 'death' as const);
        expect(live(ends, kind, suspicionAfter)).toEqual({
          died: true,
          deathsAlone: 2,
          starts: suspicionAfter + 2,
        });
      }
    }
  });

  test('should never give one up that did not die alone twice since it last came back alive', () => {
    const end = fc.constantFrom('death', 'gave back', 'waited');
    fc.assert(
      fc.property(
        fc.array(end, { maxLength: 60 }),
        fc.constantFrom('classic', 'quorum'),
        fc.integer({ min: 1, max: 12 }),
        (ends, kind, suspicionAfter) => {
          const { died, deathsAlone } = live(ends, kind, suspicionAfter);
          expect(died).toBe(died && deathsAlone === 2);
        },
      ),
    );
  });
});
