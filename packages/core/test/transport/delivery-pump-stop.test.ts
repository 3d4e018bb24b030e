import { describe, expect, test } from 'vitest';
import type { OnError } from '../../src/transport/delivery.ts';
import { Doors } from './support/doors.ts';
import { incoming, makePump, turn } from './support/fake-source.ts';

const release: OnError = async () => ({ action: 'release' });
const noDeadline = (): AbortSignal => new AbortController().signal;

/** Whether a promise has resolved by now. */
async function resolved(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await turn();
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('a delivery pump that stops', () => {
  test('should hand back what has not begun, in order, and wait for the rest', async () => {
    const { pump, source } = makePump({ concurrency: 2 });
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a', { key: 'k' }));
    pump.push(incoming('b'));
    pump.push(incoming('c'));
    pump.push(incoming('d', { key: 'k' }));
    const stopping = pump.stop(noDeadline());
    expect(source.released).toEqual(['c unbegun', 'd unbegun']);
    expect(await resolved(stopping)).toBe(false);
    await doors.leave('a', 'b');
    expect(await resolved(stopping)).toBe(true);
    expect(source.settled).toEqual(['a', 'b']);
    expect(doors.entered).toEqual(['a', 'b']);
  });

  test('should hand back at once what is pushed afterwards', async () => {
    const { pump, source } = makePump();
    pump.start(new Doors().onMessage, release);
    await pump.stop(noDeadline());
    pump.push(incoming('late'));
    expect(source.released).toEqual(['late unbegun']);
    expect(pump.room).toBe(0);
  });

  test('should resolve every stop, whichever came first', async () => {
    const { pump } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a'));
    const stops = [pump.stop(noDeadline()), pump.stop(noDeadline()), pump.stop(noDeadline())];
    await doors.leave('a');
    expect(await resolved(Promise.all(stops))).toBe(true);
  });

  test('should resolve a patient stop when an impatient one gave up', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a'));
    const patient = pump.stop(noDeadline());
    await pump.stop(AbortSignal.abort());
    expect(await resolved(patient)).toBe(true);
    expect(source.released).toEqual(['a']);
  });

  test('should give a failed message back instead of trying again', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, async () => ({ action: 'retry', afterMs: 60_000 }));
    pump.push(incoming('paused'));
    pump.push(incoming('running'));
    await doors.fail('paused');
    const stopping = pump.stop(noDeadline());
    await doors.fail('running');
    expect(await resolved(stopping)).toBe(true);
    expect(source.released).toEqual(['paused', 'running']);
  });

  test('should forget a pause, so that it starts at full speed', async () => {
    const { pump } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, () => Promise.reject(new Error('gone')));
    pump.push(incoming('a'));
    await doors.fail('a');
    expect(pump.pausedBecause).toBe('gone');
    await pump.stop(noDeadline());
    expect(pump.pausedBecause).toBeUndefined();
    pump.start(doors.onMessage, release);
    expect(pump.room).toBe(4);
  });
});

describe('a delivery pump whose stop deadline passes', () => {
  test('should fence the handlers and give their messages back', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    const hanging = incoming('a');
    pump.push(hanging);
    const deadline = new AbortController();
    const stopping = pump.stop(deadline.signal);
    expect(hanging.signal.aborted).toBe(false);
    deadline.abort();
    expect(await resolved(stopping)).toBe(true);
    expect(hanging.lost).toBe(true);
    expect(hanging.signal.aborted).toBe(true);
    expect(hanging.signal.reason).toMatchObject({ code: 'DELIVERY_LOST' });
    expect(source.released).toEqual(['a']);
    expect(pump.held).toBe(0);
  });

  test('should refuse what a handler wants afterwards', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('returns'));
    pump.push(incoming('throws'));
    await pump.stop(AbortSignal.abort());
    await doors.leave('returns');
    await doors.fail('throws');
    expect(source.settled).toEqual([]);
    expect(source.released).toEqual(['returns', 'throws']);
    expect(pump.settled).toBe(0);
  });

  test('should free the keys of abandoned messages', async () => {
    const { pump } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, release);
    pump.push(incoming('a1', { key: 'a' }));
    await pump.stop(AbortSignal.abort());
    pump.start(doors.onMessage, release);
    pump.push(incoming('a1 again', { key: 'a' }));
    expect(doors.entered).toEqual(['a1', 'a1 again']);
    await doors.leave('a1');
    pump.push(incoming('a2', { key: 'a' }));
    expect(doors.inside).toEqual(['a1 again']);
  });

  test('should not raise an alarm for an onError that then fails', async () => {
    const { pump, criticals } = makePump();
    const doors = new Doors();
    const deciding = Promise.withResolvers<never>();
    pump.start(doors.onMessage, () => deciding.promise);
    pump.push(incoming('a'));
    await doors.fail('a');
    await pump.stop(AbortSignal.abort());
    deciding.reject(new Error('too late'));
    await turn();
    expect(criticals).toEqual([]);
  });

  test('should not hang on a broker that takes nothing back', async () => {
    const { pump, source, clock } = makePump({ concurrency: 1 });
    source.onRelease = () => new Promise(() => {});
    pump.start(new Doors().onMessage, release);
    pump.push(incoming('a'));
    pump.push(incoming('b'));
    const stopping = pump.stop(AbortSignal.abort());
    expect(await resolved(stopping)).toBe(false);
    await clock.advance(1_000);
    expect(await resolved(stopping)).toBe(true);
  });
});
