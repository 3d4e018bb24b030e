import { describe, expect, test } from 'vitest';
import type { OnError } from '../../src/transport/delivery.ts';
import { Doors } from './support/doors.ts';
import { incoming, makePump, turn } from './support/fake-source.ts';

const unexpected: OnError = async ({ error }) => {
  throw error;
};

describe('the room of a delivery pump', () => {
  test('should be the concurrency that is left', async () => {
    const { pump } = makePump({ concurrency: 3 });
    const doors = new Doors();
    expect(pump.room).toBe(0);
    pump.start(doors.onMessage, unexpected);
    expect(pump.room).toBe(3);
    pump.push(incoming('a'));
    pump.push(incoming('b'));
    expect(pump.room).toBe(1);
    expect(pump.inFlight).toBe(2);
    await doors.leave('a');
    expect(pump.room).toBe(2);
  });

  test('should not shrink for messages behind a lane, up to twice the concurrency', () => {
    const { pump } = makePump({ concurrency: 2 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    pump.push(incoming('a', { key: 'k' }));
    pump.push(incoming('b', { key: 'k' }));
    expect(pump.room).toBe(1);
    pump.push(incoming('c', { key: 'k' }));
    expect(pump.room).toBe(1);
    pump.push(incoming('d', { key: 'k' }));
    expect(pump.room).toBe(0);
    expect(pump.held).toBe(4);
    expect(doors.inside).toEqual(['a']);
  });

  test('should be told to the source whenever it grows', async () => {
    const { pump, source } = makePump({ concurrency: 1 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    const atStart = source.roomGrewCalls;
    expect(atStart).toBeGreaterThan(0);
    pump.push(incoming('a'));
    await doors.leave('a');
    expect(source.roomGrewCalls).toBeGreaterThan(atStart);
    const before = source.roomGrewCalls;
    pump.changeConcurrency(5);
    expect(source.roomGrewCalls).toBeGreaterThan(before);
    expect(pump.room).toBe(5);
  });

  test('should be nothing below a lowered concurrency', async () => {
    const { pump } = makePump({ concurrency: 3 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    for (const id of ['a', 'b', 'c']) pump.push(incoming(id));
    pump.changeConcurrency(1);
    expect(pump.room).toBe(0);
    await doors.leave('a', 'b');
    expect(pump.room).toBe(0);
    await doors.leave('c');
    expect(pump.room).toBe(1);
  });
});

describe('the order of a delivery pump', () => {
  test('should run more than it has slots for later, in the order of the pushes', async () => {
    const { pump } = makePump({ concurrency: 1 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    for (const id of ['a', 'b', 'c']) pump.push(incoming(id));
    expect(doors.inside).toEqual(['a']);
    await doors.leave('a');
    await doors.leave('b');
    await doors.leave('c');
    expect(doors.entered).toEqual(['a', 'b', 'c']);
  });

  test('should run one of a key at a time, and other keys beside it', async () => {
    const { pump } = makePump({ concurrency: 4 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    pump.push(incoming('a1', { key: 'a' }));
    pump.push(incoming('a2', { key: 'a' }));
    pump.push(incoming('b1', { key: 'b' }));
    pump.push(incoming('none'));
    expect(doors.inside).toEqual(['a1', 'b1', 'none']);
    await doors.leave('a1');
    expect(doors.inside).toEqual(['b1', 'none', 'a2']);
    await doors.leave('a2');
    pump.push(incoming('a3', { key: 'a' }));
    expect(doors.inside).toEqual(['b1', 'none', 'a3']);
  });

  test('should hand back all of a key behind a message that it gives back', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, async () => ({ action: 'release' }));
    for (const id of ['a1', 'a2', 'a3']) pump.push(incoming(id, { key: 'a' }));
    pump.push(incoming('b1', { key: 'b' }));
    await doors.fail('a1');
    expect(source.released).toEqual(['a1', 'a2 unbegun', 'a3 unbegun']);
    expect(doors.entered).toEqual(['a1', 'b1']);
    pump.push(incoming('a1 again', { key: 'a' }));
    expect(doors.inside).toEqual(['b1', 'a1 again']);
  });

  test('should keep a key taken until its first message is back with the broker', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    const back = Promise.withResolvers<void>();
    source.onRelease = () => back.promise;
    pump.start(doors.onMessage, async () => ({ action: 'release' }));
    pump.push(incoming('a1', { key: 'a' }));
    await doors.fail('a1');
    pump.push(incoming('a1 again', { key: 'a' }));
    expect(doors.entered).toEqual(['a1']);
    back.resolve();
    await turn();
    expect(doors.inside).toEqual(['a1 again']);
  });

  test('should hand back all of a key behind a message whose hold was lost', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    const first = incoming('a1', { key: 'a' });
    pump.push(first);
    pump.push(incoming('a2', { key: 'a' }));
    first.lose('its lease ended');
    await doors.leave('a1');
    expect(source.released).toEqual(['a2 unbegun']);
    expect(doors.entered).toEqual(['a1']);
  });

  test('should tell the source of a lost message, also when none of its key waits in the pump', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    const first = incoming('a1', { key: 'a' });
    pump.push(first);
    first.lose('its lease ended');
    await doors.leave('a1');
    expect(source.released).toEqual([]);
    expect(source.ended).toEqual(['a1']);
  });

  test('should bring a key on when its first message was settled after a failure', async () => {
    const { pump, source } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, async () => ({ action: 'settle' }));
    pump.push(incoming('a1', { key: 'a' }));
    pump.push(incoming('a2', { key: 'a' }));
    await doors.fail('a1');
    expect(source.settled).toEqual(['a1']);
    expect(doors.inside).toEqual(['a2']);
  });

  test('should take one more of a key that is busy, and say when it holds nothing else', async () => {
    const { pump, clock } = makePump({ concurrency: 2 });
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    expect(pump.takesKey('a')).toBe(true);
    pump.push(incoming('a1', { key: 'a' }));
    expect(pump.takesKey('a')).toBe(true);
    pump.push(incoming('a2', { key: 'a' }));
    expect(pump.takesKey('a')).toBe(false);
    expect(pump.takesKey('b')).toBe(true);
    pump.push(incoming('a3', { key: 'a' }));
    pump.push(incoming('a4', { key: 'a' }));
    expect(pump.heldUpBecause).toBeUndefined();
    await clock.advance(1_000);
    expect(pump.heldUpBecause).toBe(
      '3 of 4 held messages wait behind busy partition keys, such as "a"',
    );
    await doors.leave('a1');
    expect(pump.heldUpBecause).toBeUndefined();
  });
});

describe('a delivery pump that settles', () => {
  test('should settle what was handled and note the progress', async () => {
    const { pump, source, clock } = makePump();
    const doors = new Doors();
    pump.start(doors.onMessage, unexpected);
    pump.push(incoming('a'));
    await clock.advance(50);
    expect(pump.msSinceProgress).toBe(50);
    await doors.leave('a');
    expect(source.settled).toEqual(['a']);
    expect(pump.settled).toBe(1);
    expect(pump.msSinceProgress).toBe(0);
  });

  test('should leave alone what the handler settled itself', async () => {
    const { pump, source } = makePump();
    pump.start(async () => 'settled', unexpected);
    pump.push(incoming('a'));
    await turn();
    expect(source.settled).toEqual([]);
    expect(source.released).toEqual([]);
    expect(pump.settled).toBe(1);
    expect(pump.held).toBe(0);
  });

  test('should wait for the source before the slot is free', async () => {
    const { pump, source } = makePump({ concurrency: 1 });
    const settling = Promise.withResolvers<void>();
    source.onSettle = () => settling.promise;
    pump.start(async () => 'settle', unexpected);
    pump.push(incoming('a'));
    await turn();
    expect(pump.room).toBe(0);
    expect(pump.settled).toBe(0);
    settling.resolve();
    await turn();
    expect(pump.room).toBe(1);
    expect(pump.settled).toBe(1);
  });

  test('should hand out fresh headers for each callback', async () => {
    const { pump } = makePump();
    const seen: Record<string, string>[] = [];
    pump.start(
      async ({ headers, failures }) => {
        seen.push({ ...headers });
        headers['x'] = 'changed';
        if (failures === 0) throw new Error('on purpose');
        return 'settle';
      },
      async ({ headers }) => {
        seen.push({ ...headers });
        headers['x'] = 'changed';
        return { action: 'retry' };
      },
    );
    pump.push(incoming('a', { headers: { x: 'original' } }));
    await turn();
    expect(seen).toEqual([{ x: 'original' }, { x: 'original' }, { x: 'original' }]);
  });
});

test('a delivery pump should let the event loop turn while there is always work', async () => {
  const { pump, source } = makePump({ concurrency: 1 });
  let left = 5_000;
  const done = Promise.withResolvers<void>();
  source.roomGrew = () => {
    while (pump.room > 0 && left > 0) {
      left -= 1;
      pump.push(incoming(`m${left}`));
    }
  };
  let turns = 0;
  let finished = false;
  const count = (): void => {
    turns += 1;
    if (!finished) setImmediate(count);
  };
  setImmediate(count);
  pump.start(async () => {
    if (left === 0) done.resolve();
    return 'settle';
  }, unexpected);
  await done.promise;
  finished = true;
  expect(turns).toBeGreaterThan(10);
});
