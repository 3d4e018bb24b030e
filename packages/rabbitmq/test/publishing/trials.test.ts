import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Link, LinkListener } from '../../src/connection/link.ts';
import { Slot } from '../../src/publishing/slot.ts';
import { Trials } from '../../src/publishing/trials.ts';
import { checkOptions } from '../../src/rabbitmq-options.ts';
import { transportHost } from '../support/transport-host.ts';

const seconds = 30;

/** A broker whose channels take messages, and confirm when the test says so. */
class SilentBroker {
  readonly written: string[] = [];
  readonly #confirms = new Map<string, () => void>();
  /** Answers nothing at all. */
  reads = true;
  readonly link = {
    session: { connection: { createConfirmChannel: () => this.#open() } },
    blockedBecause: undefined,
    listen: (_listener: LinkListener) => () => {},
  } as unknown as Link;

  #open(): Promise<unknown> {
    return this.reads ? Promise.resolve(this.#channel()) : new Promise(() => {});
  }

  confirm(id: string): void {
    this.#confirms.get(id)?.();
  }

  #channel(): unknown {
    const publish = (
      _exchange: string,
      _key: string,
      content: Buffer,
      _options: object,
      confirmed: (error: null) => void,
    ): void => {
      const id = content.toString();
      this.written.push(id);
      this.#confirms.set(id, () => confirmed(null));
    };
    return Object.assign(new EventEmitter(), { publish, close: () => Promise.resolve() });
  }
}

function setUp(options: Parameters<typeof checkOptions>[0] = {}) {
  const broker = new SilentBroker();
  const host = transportHost();
  let now = 0;
  const clock = { ...host.clock, monotonic: () => now };
  const released: string[] = [];
  const ended: string[] = [];
  const trials = new Trials(broker.link, { ...host, clock }, checkOptions(options), (slots) => {
    released.push(...slots.map(({ publication }) => publication.content.toString()));
  });
  const slot = (queue: string, id: string, exchange = ''): Slot =>
    new Slot(
      { exchange, routingKey: queue, content: Buffer.from(id), options: {} },
      now + seconds * 1_000,
      ({ result }) => ended.push(`${id} ${result.outcome}`),
    );
  const later = async (bySeconds: number): Promise<void> => {
    for (let passed = 0; passed < bySeconds; passed += 1) {
      now += 1_000;
      trials.look(now, seconds, true);
      await nextTurn();
    }
  };
  return { broker, host, trials, released, ended, slot, later };
}

describe('destinations on trial', () => {
  test('should get one message at a time, and be released with the first confirm', async () => {
    const { broker, trials, released, ended, slot } = setUp();
    trials.begin(slot('orders', 'begun'), false);
    expect(trials.takes(slot('others', 'x'))).toBe(false);
    for (const id of ['a', 'b', 'c']) expect(trials.takes(slot('orders', id))).toBe(true);
    await nextTurn();
    expect(broker.written).toEqual(['a']);
    broker.confirm('a');
    expect(ended).toEqual(['a confirmed']);
    expect(released).toEqual(['b', 'c']);
    expect(trials.size).toBe(0);
  });

  test('should get another message when one is overdue, and more and more seldom', async () => {
    const { broker, trials, slot, later } = setUp();
    trials.begin(slot('orders', 'begun'), true);
    const writtenAt: number[] = [];
    for (let second = 0; second < 300; second += 1) {
      trials.takes(slot('orders', String(second)));
      await later(1);
      while (writtenAt.length < broker.written.length) writtenAt.push(second);
    }
    const pauses = writtenAt.slice(1).map((at, index) => at - (writtenAt[index] ?? 0));
    expect(Math.max(...pauses.slice(0, 3))).toBeLessThanOrEqual(seconds + 1);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(60);
  });

  test('should tell when the broker does not even open a channel', async () => {
    const { broker, trials, slot, later } = setUp();
    trials.begin(slot('orders', 'begun'), true);
    expect(trials.openingSince).toBe(Infinity);
    trials.takes(slot('orders', 'a'));
    await nextTurn();
    expect(trials.openingSince).toBe(Infinity);
    broker.reads = false;
    trials.begin(slot('others', 'begun'), true);
    await later(2);
    trials.takes(slot('others', 'b'));
    await later(5);
    expect(trials.openingSince).toBe(2_000);
  });

  test('should be remembered while they are silent, however little is sent to them', async () => {
    const { broker, host, trials, slot, later } = setUp();
    trials.begin(slot('orders', 'begun'), false);
    trials.takes(slot('orders', 'a'));
    await later(3);
    expect(trials.problem).toContain('"orders"');
    expect(host.warnings).toHaveLength(1);
    for (let round = 0; round < 5; round += 1) {
      await later(300);
      trials.channelClosed();
      expect(trials.takes(slot('orders', `more-${round}`))).toBe(true);
      await later(1);
    }
    expect(broker.written).toEqual(['a', ...[0, 1, 2, 3, 4].map((round) => `more-${round}`)]);
    await later(700);
    expect(trials.problem, 'nobody has tried for long').toBeUndefined();
    expect(trials.takes(slot('orders', 'at last'))).toBe(true);
  });

  test('should have their turns when there are more of them than channels', async () => {
    const { broker, trials, slot, later } = setUp();
    const queues = Array.from({ length: 80 }, (_, index) => `queue-${index}`);
    for (const queue of queues) trials.begin(slot(queue, 'begun'), true);
    for (let round = 0; round < 60; round += 1) {
      for (const queue of queues) trials.takes(slot(queue, queue));
      await later(4);
    }
    expect(new Set(broker.written)).toEqual(new Set(queues));
  });

  test('should be one for all keys of an exchange', () => {
    const { trials, slot } = setUp();
    trials.begin(slot('key-1', 'begun', 'busbar.delay.05'), true);
    expect(trials.takes(slot('key-2', 'a', 'busbar.delay.05'))).toBe(true);
    expect(trials.takes(slot('key-2', 'b', 'busbar.delay.06'))).toBe(false);
    expect(trials.problem).toBe(
      'RabbitMQ confirms nothing of what is sent to the exchange "busbar.delay.05".',
    );
  });

  test('should keep no more in memory than may wait for a broker that is away', async () => {
    const { trials, slot, ended } = setUp({ maxBufferedMessages: 3 });
    trials.begin(slot('one', 'begun'), true);
    trials.begin(slot('two', 'begun'), true);
    for (const queue of ['one', 'two']) {
      for (const id of [1, 2, 3]) trials.takes(slot(queue, `${queue}-${id}`));
    }
    await nextTurn();
    expect(ended).toEqual(['two-1 unknown', 'two-2 unknown', 'two-3 unknown']);
    trials.close('it is closed');
    expect(ended).toHaveLength(6);
  });
});
