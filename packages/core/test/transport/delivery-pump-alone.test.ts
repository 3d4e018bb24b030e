import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import type { OnError } from '../../src/transport/delivery.ts';
import { Doors } from './support/doors.ts';
import { incoming, makePump, turn } from './support/fake-source.ts';

const release: OnError = async () => ({ action: 'release' });

function twoPumps() {
  const doors = new Doors();
  const [one, other] = [makePump({ suspicionAfter: 3 }), makePump({ suspicionAfter: 3 })];
  for (const { pump } of [one, other]) pump.start(doors.onMessage, release);
  return { doors, one, other };
}

describe('a suspect beside another pump of the process', () => {
  test('should wait for what the other one runs, and keep it from beginning more', async () => {
    const { doors, one, other } = twoPumps();
    other.pump.push(incoming('running'));
    one.pump.push(incoming('suspect', { deliveryCount: 4 }));
    expect(one.source.alone).toEqual([]);
    expect(other.pump.room).toBe(0);
    other.pump.push(incoming('waiting'));
    await doors.leave('running');
    expect(doors.inside).toEqual(['suspect']);
    expect(other.pump.room).toBe(0);
    const calls = other.source.roomGrewCalls;
    await doors.leave('suspect');
    expect(doors.inside).toEqual(['waiting']);
    expect(other.source.roomGrewCalls).toBeGreaterThan(calls);
    expect(other.pump.room).toBe(3);
  });

  test('should never be alone together with a suspect of the other one', async () => {
    const { doors, one, other } = twoPumps();
    one.pump.push(incoming('first', { deliveryCount: 4 }));
    other.pump.push(incoming('second', { deliveryCount: 4 }));
    await turn();
    expect(doors.inside).toEqual(['first']);
    expect(other.source.alone).toEqual([]);
    await doors.leave('first');
    expect(doors.inside).toEqual(['second']);
    await doors.leave('second');
    expect(one.pump.room).toBe(1);
    expect(other.pump.room).toBe(1);
  });

  test('should go back, not stop the process, when the other one never ends', async () => {
    const { doors, one, other } = twoPumps();
    other.pump.push(incoming('endless'));
    one.pump.push(incoming('suspect', { deliveryCount: 4 }));
    await one.clock.advance(10_000);
    expect(one.source.released).toEqual(['suspect unbegun']);
    expect(one.source.alone).toEqual([]);
    expect(one.pump.pausedBecause).toMatch(/could not be alone/);
    expect(other.pump.room).toBe(3);
    await one.clock.advance(1_000);
    expect(one.pump.room).toBe(1);
    await doors.leave('endless');
    one.pump.push(incoming('suspect', { deliveryCount: 4 }));
    await turn();
    expect(doors.inside).toEqual(['suspect']);
  });

  test('should let the other one go on when its own stops before its turn', async () => {
    const { doors, one, other } = twoPumps();
    other.pump.push(incoming('running'));
    one.pump.push(incoming('suspect', { deliveryCount: 4 }));
    await one.pump.stop(new AbortController().signal);
    expect(one.source.released).toEqual(['suspect unbegun']);
    expect(other.pump.room).toBe(3);
    await doors.leave('running');
    expect(doors.entered).toEqual(['running']);
  });

  test('should let the other one go on when it is abandoned, and take its turn after one', async () => {
    const { doors, one, other } = twoPumps();
    one.pump.push(incoming('suspect', { deliveryCount: 4 }));
    other.pump.push(incoming('waiting'));
    await turn();
    await one.pump.stop(AbortSignal.abort());
    expect(doors.inside).toEqual(['suspect', 'waiting']);
    await other.pump.stop(AbortSignal.abort());
    const third = makePump({ suspicionAfter: 3 });
    third.pump.start(doors.onMessage, release);
    third.pump.push(incoming('another', { deliveryCount: 4 }));
    await turn();
    expect(third.source.alone).toEqual(['another']);
  });
});

describe('the async context of a delivery', () => {
  const context = new AsyncLocalStorage<string>();

  test('should be that of the start, whoever pushes, finishes or changes something', async () => {
    const { pump, source } = makePump({ concurrency: 1 });
    const seen: (string | undefined)[] = [];
    const waiting = ['b', 'c'];
    const settled = Promise.withResolvers<void>();
    source.onSettle = () => {
      if (source.settled.length === 3) settled.resolve();
    };
    source.roomGrew = () => {
      while (pump.room > 0 && waiting.length > 0) pump.push(incoming(waiting.shift() ?? ''));
    };
    context.run('start', () => {
      pump.start(
        async ({ failures }) => {
          seen.push(context.getStore());
          await turn();
          context.enterWith('handler');
          if (failures === 0) throw new Error('on purpose');
          return 'settle';
        },
        async () => {
          seen.push(context.getStore());
          // On Node 22 what is entered before the first await stays with the caller.
          await turn();
          context.enterWith('policy');
          return { action: 'retry' };
        },
      );
    });
    context.run('pusher', () => pump.push(incoming('a')));
    await settled.promise;
    expect(seen).toEqual(Array.from({ length: 9 }, () => 'start'));
  });

  test('should be that of the start for a suspect too', async () => {
    const { doors, one, other } = twoPumps();
    const { pump } = makePump({ suspicionAfter: 3 });
    const seen: (string | undefined)[] = [];
    context.run('start', () => {
      pump.start(async () => {
        seen.push(context.getStore());
        return 'settle';
      }, release);
    });
    other.pump.push(incoming('running'));
    context.run('pusher', () => pump.push(incoming('suspect', { deliveryCount: 4 })));
    await doors.leave('running');
    expect(seen).toEqual(['start']);
    expect(one.pump.room).toBe(4);
  });
});
