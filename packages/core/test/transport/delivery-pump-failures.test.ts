import { describe, expect, test } from 'vitest';
import { BusbarError } from '../../src/errors.ts';
import type { FailedAttempt, FailureDecision } from '../../src/transport/delivery.ts';
import { Doors } from './support/doors.ts';
import { type PumpParts, incoming, makePump, turn } from './support/fake-source.ts';

const fail = async (): Promise<never> => {
  throw new Error('on purpose');
};

function failing(
  parts: PumpParts,
  decide: (failure: FailedAttempt) => FailureDecision,
): FailedAttempt[] {
  const failures: FailedAttempt[] = [];
  parts.pump.start(fail, async (failure) => {
    failures.push(failure);
    return decide(failure);
  });
  return failures;
}

describe('a delivery pump whose handler throws', () => {
  test('should carry out what onError decides', async () => {
    for (const [action, settled, released] of [
      ['settle', ['a'], []],
      ['settled', [], []],
      ['release', [], ['a']],
    ] as const) {
      const parts = makePump();
      failing(parts, () => ({ action }));
      parts.pump.push(incoming('a'));
      await turn();
      expect(parts.source.settled).toEqual(settled);
      expect(parts.source.released).toEqual(released);
      expect(parts.pump.held).toBe(0);
    }
  });

  test('should count the failures of one delivery', async () => {
    const parts = makePump();
    const failures = failing(parts, ({ failures: count }) =>
      count < 3 ? { action: 'retry' } : { action: 'settle' },
    );
    parts.pump.push(incoming('a'));
    await turn();
    expect(failures.map((failure) => failure.failures)).toEqual([1, 2, 3]);
    expect(parts.source.settled).toEqual(['a']);
  });

  test('should pause before a retry on the delivery that it still holds', async () => {
    const parts = makePump();
    const failures = failing(parts, ({ failures: count }) =>
      count < 2 ? { action: 'retry', afterMs: 500 } : { action: 'settle' },
    );
    parts.pump.push(incoming('a'));
    await turn();
    await parts.clock.advance(499);
    expect(failures).toHaveLength(1);
    expect(parts.pump.held).toBe(1);
    await parts.clock.advance(1);
    await turn();
    expect(failures).toHaveLength(2);
  });

  test('should wrap what is no error', async () => {
    const parts = makePump();
    const seen: Error[] = [];
    parts.pump.start(
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      () => Promise.reject('a string'),
      async ({ error }) => {
        seen.push(error);
        return { action: 'settle' };
      },
    );
    parts.pump.push(incoming('a'));
    await turn();
    expect(seen[0]).toMatchObject({ code: 'NOT_AN_ERROR' });
  });

  test('should treat a handler that throws at once like one that rejects', async () => {
    const parts = makePump();
    parts.pump.start(
      () => {
        throw new Error('at once');
      },
      async () => ({ action: 'settle' }),
    );
    parts.pump.push(incoming('a'));
    await turn();
    expect(parts.source.settled).toEqual(['a']);
  });

  test('should not call the handler with poison, nor again when onError wants a retry', async () => {
    const parts = makePump();
    let handled = 0;
    const seen: unknown[] = [];
    parts.pump.start(
      async () => {
        handled += 1;
        return 'settle';
      },
      async ({ error }) => {
        seen.push(error);
        return { action: 'retry' };
      },
    );
    const poison = new BusbarError('UNDECODABLE', 'The bytes mean nothing.');
    parts.pump.push(incoming('a', { poison }));
    await turn();
    expect(handled).toBe(0);
    expect(seen).toEqual([poison]);
    expect(parts.source.released).toEqual(['a']);
  });
});

describe('a delivery pump whose onError throws', () => {
  test('should release, tell the host and pause', async () => {
    const { pump, source, criticals } = makePump();
    const trouble = new Error('the error queue is gone');
    pump.start(fail, () => Promise.reject(trouble));
    pump.push(incoming('a'));
    await turn();
    expect(source.released).toEqual(['a']);
    expect(criticals).toEqual([trouble]);
    expect(pump.pausedBecause).toBe('the error queue is gone');
    expect(pump.room).toBe(0);
  });

  test('should try with one message after the pause, and longer each time', async () => {
    const { pump, clock } = makePump({ concurrency: 8 });
    pump.start(fail, () => Promise.reject(new Error('still gone')));
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      pump.push(incoming('a'));
      await turn();
      await clock.advance(pauseMs - 1);
      expect(pump.room).toBe(0);
      await clock.advance(1);
      expect(pump.room).toBe(1);
      expect(pump.pausedBecause).toBeUndefined();
    }
  });

  test('should take trouble that comes all at once for one trouble', async () => {
    const { pump, clock } = makePump({ concurrency: 8 });
    pump.start(fail, () => Promise.reject(new Error('gone')));
    for (let index = 0; index < 8; index += 1) pump.push(incoming(`m${index}`));
    await turn();
    await clock.advance(1_000);
    expect(pump.room).toBe(1);
  });

  test('should be at full speed again once a message was settled', async () => {
    const { pump, clock } = makePump({ concurrency: 8 });
    let gone = true;
    pump.start(fail, async () => {
      if (gone) throw new Error('gone');
      return { action: 'settle' };
    });
    pump.push(incoming('a'));
    await turn();
    await clock.advance(1_000);
    gone = false;
    pump.push(incoming('a'));
    await turn();
    await turn();
    expect(pump.room).toBe(8);
  });

  test('should survive a critical-error hook that throws', async () => {
    const { pump, source, criticals } = makePump();
    criticals.push = () => {
      throw new Error('the hook is broken');
    };
    pump.start(fail, () => Promise.reject(new Error('gone')));
    pump.push(incoming('a'));
    await turn();
    expect(source.released).toEqual(['a']);
    expect(pump.held).toBe(0);
  });
});

describe('a delivery pump that cannot settle', () => {
  test('should release and pause, so that a handler does not run in a tight loop', async () => {
    const { pump, source } = makePump();
    source.onSettle = () => Promise.reject(new Error('the disk is full'));
    pump.start(async () => 'settle', fail);
    pump.push(incoming('a'));
    await turn();
    expect(source.released).toEqual(['a']);
    expect(pump.pausedBecause).toBe('the disk is full');
    expect(pump.settled).toBe(0);
  });

  test('should take DELIVERY_LOST for what it says', async () => {
    const { pump, source } = makePump();
    source.onSettle = () => {
      throw new BusbarError('DELIVERY_LOST', 'Somebody else has it.');
    };
    pump.start(async () => 'settle', fail);
    const lost = incoming('a');
    pump.push(lost);
    await turn();
    expect(lost.lost).toBe(true);
    expect(source.released).toEqual([]);
    expect(pump.pausedBecause).toBeUndefined();
    expect(pump.room).toBe(4);
  });

  test('should go on when the message cannot be given back either', async () => {
    const { pump, source } = makePump();
    source.onRelease = () => Promise.reject(new Error('no connection'));
    pump.start(fail, async () => ({ action: 'release' }));
    pump.push(incoming('a'));
    await turn();
    expect(pump.held).toBe(0);
    expect(pump.room).toBe(4);
  });
});

describe('a delivery pump that loses a delivery', () => {
  test('should not settle what a handler did in vain', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, fail);
    const lost = incoming('a');
    pump.push(lost);
    lost.lose('the lock expired');
    await doors.leave('a');
    expect(source.settled).toEqual([]);
    expect(source.released).toEqual([]);
    expect(pump.held).toBe(0);
  });

  test('should not ask onError about a failure that follows from it', async () => {
    const parts = makePump();
    const doors = new Doors();
    let asked = 0;
    parts.pump.start(doors.onMessage, async () => {
      asked += 1;
      return { action: 'settle' };
    });
    const lost = incoming('a');
    parts.pump.push(lost);
    lost.lose('the lock expired');
    await doors.fail('a');
    expect(asked).toBe(0);
    expect(parts.criticals).toEqual([]);
    expect(parts.source.settled).toEqual([]);
  });

  test('should not begin one that was lost while it waited for its turn', async () => {
    const { pump, source } = makePump({ concurrency: 1, suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, fail);
    const behind = incoming('a2', { key: 'a' });
    pump.push(incoming('a1', { key: 'a' }));
    pump.push(behind);
    pump.push(incoming('a3', { key: 'a' }));
    const queued = incoming('b');
    pump.push(queued);
    behind.lose('it waited too long');
    queued.lose('it waited too long');
    await doors.leave('a1');
    expect(doors.entered).toEqual(['a1']);
    expect(source.settled).toEqual(['a1']);
    expect(source.released).toEqual(['a3 unbegun']);
    expect(pump.held).toBe(0);
    expect(pump.room).toBe(1);
  });

  test('should not begin a suspect that was lost while it waited to be alone', async () => {
    const { pump, source } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, fail);
    const suspect = incoming('suspect', { deliveryCount: 4 });
    pump.push(incoming('a'));
    pump.push(suspect);
    suspect.lose('it waited too long');
    await doors.leave('a');
    expect(doors.entered).toEqual(['a']);
    expect(source.released).toEqual([]);
    expect(pump.held).toBe(0);
    expect(pump.room).toBe(1);
  });

  test('should end the pause before a retry', async () => {
    const parts = makePump();
    const failures = failing(parts, () => ({ action: 'retry', afterMs: 60_000 }));
    const lost = incoming('a');
    parts.pump.push(lost);
    await turn();
    lost.lose('the lock expired');
    await turn();
    expect(failures).toHaveLength(1);
    expect(parts.pump.held).toBe(0);
  });
});
