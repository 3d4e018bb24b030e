import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type MessageRow, MessageTable } from '../src/store/message-table.ts';
import { StoreFile } from '../src/store/store-file.ts';
import { temporaryFile } from './support/temporary-file.ts';

const temporary = temporaryFile();
const file = new StoreFile(temporary.path, 'normal');
const table = new MessageTable(file);
const queueId = 1;
const leaseMs = 50;

afterAll(() => {
  file.close();
  temporary[Symbol.dispose]();
});

interface Held {
  readonly row: MessageRow;
  readonly lease: number;
  readonly until: number;
}

/** What receivers and senders do to one ordered queue, checked at each step. */
class OrderedQueue {
  now = 1_000;
  readonly sent = new Map<string, string[]>();
  readonly settled = new Map<string, string[]>();
  waiting = 0;
  #held: Held[] = [];
  #lease = 0;
  #number = 0;

  send(lane: string, delayMs: number): void {
    this.#number += 1;
    const id = `${this.#number}${delayMs > 0 ? ' delayed' : ''}`;
    table.insert({
      queueId,
      dueAt: this.now + delayMs,
      delayed: delayMs > 0,
      lane,
      expiresAt: null,
      headers: id,
      body: new Uint8Array(delayMs % 2 === 0 ? 0 : 2_000),
    });
    this.waiting += 1;
    if (delayMs === 0) this.sent.set(lane, [...(this.sent.get(lane) ?? []), id]);
  }

  claim(limit: number): number {
    this.#lease += 1;
    const until = this.now + leaseMs;
    const rows = table.claim(queueId, limit, this.#lease, until, this.now);
    this.#held = this.#held.filter(({ row }) => !rows.some(({ seq }) => seq === row.seq));
    for (const row of rows) {
      const others = this.#held.filter((held) => held.row.lane === row.lane);
      expect(others, 'others of the lane that are held').toEqual([]);
      this.#held.push({ row, lease: this.#lease, until });
    }
    expect(rows.length).toBeLessThanOrEqual(limit);
    return rows.length;
  }

  settle(which: number): void {
    const held = this.#take(which);
    if (held === undefined) return;
    const { lane, headers } = held.row;
    expect(table.delete(queueId, held.row, held.lease + 1), 'a foreign lease').toBe(false);
    expect(table.delete(queueId, held.row, held.lease)).toBe(true);
    this.waiting -= 1;
    if (!headers.endsWith('delayed')) {
      this.settled.set(lane ?? '', [...(this.settled.get(lane ?? '') ?? []), headers]);
    }
  }

  release(which: number): void {
    const held = this.#take(which);
    if (held !== undefined) table.release({ seq: held.row.seq, lease: held.lease }, true);
  }

  renew(which: number): void {
    const held = this.#take(which);
    if (held === undefined) return;
    const until = this.now + leaseMs;
    expect(table.renew({ seq: held.row.seq, lease: held.lease }, until)).toBe(true);
    this.#held.push({ ...held, until });
  }

  #take(which: number): Held | undefined {
    const [held] = this.#held.splice(which % Math.max(1, this.#held.length), 1);
    return held;
  }
}

type Step = (queue: OrderedQueue) => void;

const lanes = fc.constantFrom('red', 'green', 'blue');
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: lanes.map(
      (lane): Step =>
        (queue) =>
          queue.send(lane, 0),
    ),
  },
  fc.tuple(lanes, fc.integer({ min: 1, max: 80 })).map(
    ([lane, delayMs]): Step =>
      (queue) =>
        queue.send(lane, delayMs),
  ),
  fc.integer({ min: 1, max: 4 }).map(
    (limit): Step =>
      (queue) =>
        queue.claim(limit),
  ),
  {
    weight: 2,
    arbitrary: fc.nat(9).map(
      (which): Step =>
        (queue) =>
          queue.settle(which),
    ),
  },
  fc.nat(9).map(
    (which): Step =>
      (queue) =>
        queue.release(which),
  ),
  fc.nat(9).map(
    (which): Step =>
      (queue) =>
        queue.renew(which),
  ),
  fc.integer({ min: 1, max: 60 }).map((ms): Step => (queue) => {
    queue.now += ms;
  }),
);

test('should give each lane to one at a time, in order, and lose nothing', () => {
  const property = fc.property(fc.array(steps, { maxLength: 80 }), (sequence) => {
    file.begin(false, true);
    try {
      const queue = new OrderedQueue();
      for (const step of sequence) step(queue);
      for (let idle = 0; idle < 3; idle += 1) {
        queue.now += 100;
        if (queue.claim(10) > 0) idle = 0;
        for (let which = 0; which < 10; which += 1) queue.settle(0);
      }
      expect(queue.waiting).toBe(0);
      expect(queue.settled).toEqual(queue.sent);
      expect(file.prepare('SELECT count(*) n FROM busbar_messages').get()).toEqual({ n: 0 });
      expect(file.prepare('SELECT count(*) n FROM busbar_bodies').get()).toEqual({ n: 0 });
    } finally {
      file.rollback();
    }
  });
  fc.assert(property, { numRuns: 300 });
});
