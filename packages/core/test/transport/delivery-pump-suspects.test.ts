import { describe, expect, test } from 'vitest';
import type { FailedAttempt, OnError } from '../../src/transport/delivery.ts';
import { Doors } from './support/doors.ts';
import { incoming, makePump, turn } from './support/fake-source.ts';

const release: OnError = async () => ({ action: 'release' });

describe('a delivery pump with a suspect', () => {
  test('should wait for the others, hand back the rest and run it alone', async () => {
    const { pump, source } = makePump({ concurrency: 2, suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a'));
    pump.push(incoming('b'));
    pump.push(incoming('waiting'));
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    expect(source.released).toEqual(['waiting unbegun']);
    expect(pump.room).toBe(0);
    expect(pump.held).toBe(3);
    await doors.leave('a');
    expect(doors.inside).toEqual(['b']);
    await doors.leave('b');
    expect(doors.inside).toEqual(['suspect']);
    expect(source.alone).toEqual(['suspect']);
    expect(pump.room).toBe(0);
  });

  test('should take one message at a time afterwards, until an innocent one is settled', async () => {
    const { pump } = makePump({ concurrency: 4, suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    await turn();
    await doors.leave('suspect');
    expect(pump.room).toBe(1);
    pump.push(incoming('fails'));
    await doors.fail('fails');
    expect(pump.room).toBe(1);
    pump.push(incoming('innocent'));
    await doors.leave('innocent');
    expect(pump.room).toBe(4);
  });

  test('should hand back what a source pushes meanwhile', async () => {
    const { pump, source } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    await turn();
    pump.push(incoming('prefetched'));
    pump.push(incoming('another suspect', { deliveryCount: 9 }));
    expect(source.released).toEqual(['prefetched unbegun', 'another suspect unbegun']);
  });

  test('should not begin before the mark is durable, nor without it', async () => {
    const { pump, source } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    const marking = Promise.withResolvers<void>();
    source.onMarkAlone = () => marking.promise;
    pump.start(doors.onMessage, release);
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    await turn();
    expect(doors.inside).toEqual([]);
    marking.reject(new Error('the disk is full'));
    await turn();
    expect(doors.entered).toEqual([]);
    expect(source.released).toEqual(['suspect']);
    expect(pump.pausedBecause).toBe('the disk is full');
  });

  test('should give up one whose process died over it', async () => {
    const { pump, source } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    const failures: FailedAttempt[] = [];
    pump.start(doors.onMessage, async (failure) => {
      failures.push(failure);
      return { action: 'settle' };
    });
    pump.push(incoming('killer', { deliveryCount: 4, diedAlone: true }));
    await turn();
    expect(doors.entered).toEqual([]);
    expect(failures[0]?.error).toMatchObject({ code: 'CRASH_LOOP' });
    expect(source.settled).toEqual(['killer']);
  });

  test('should try one that died alone but is not suspect', async () => {
    const { pump } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('unlucky', { deliveryCount: 3, diedAlone: true }));
    expect(doors.inside).toEqual(['unlucky']);
  });

  test('should hand it back when it stops before its turn', async () => {
    const { pump, source } = makePump({ concurrency: 1, suspicionAfter: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a'));
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    const stopping = pump.stop(new AbortController().signal);
    await doors.leave('a');
    await stopping;
    expect(source.released).toEqual(['suspect unbegun']);
    expect(doors.entered).toEqual(['a']);
  });

  test('should not begin one that was abandoned while it was marked', async () => {
    const { pump, source } = makePump({ suspicionAfter: 3 });
    const doors = new Doors();
    const marking = Promise.withResolvers<void>();
    source.onMarkAlone = () => marking.promise;
    pump.start(doors.onMessage, release);
    pump.push(incoming('suspect', { deliveryCount: 4 }));
    await pump.stop(AbortSignal.abort());
    marking.resolve();
    await turn();
    expect(doors.entered).toEqual([]);
    expect(source.released).toEqual(['suspect']);
  });
});
