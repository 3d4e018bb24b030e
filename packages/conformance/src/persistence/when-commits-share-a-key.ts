import assert from 'node:assert/strict';
import type { PersistenceConnection } from '@busbar/core';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { idsOf, keyed, lane } from './support/stored.ts';

const keys = ['red', 'green', 'blue', 'white', 'black'] as const;
const committers = 20;
const commitsEach = 4;

/** When a commit was begun and had ended, by a counter of the whole test. */
interface Span {
  readonly begun: number;
  readonly ended: number;
}

/** Commits at the same time over two connections; notes what is certain of their order. */
class Committers {
  readonly spans = new Map<string, Span>();
  readonly #t: PersistenceContext;
  readonly #connections: readonly PersistenceConnection[];
  #tick = 0;
  #running = true;

  constructor(t: PersistenceContext, connections: readonly PersistenceConnection[]) {
    this.#t = t;
    this.#connections = connections;
  }

  get running(): boolean {
    return this.#running;
  }

  async run(change?: (storage: unknown, key: string, id: string) => Promise<void> | void) {
    const work = Array.from({ length: committers }, (_, index) => this.#commits(index, change));
    try {
      await Promise.all(work);
    } finally {
      this.#running = false;
    }
  }

  async #commits(
    committer: number,
    change?: (storage: unknown, key: string, id: string) => Promise<void> | void,
  ): Promise<void> {
    const key = keys[committer % keys.length] ?? keys[0];
    const connection = this.#connections[Math.floor(committer / keys.length) % 2];
    assert.ok(connection !== undefined);
    for (let count = 0; count < commitsEach; count += 1) {
      const id = `${key}-${committer}-${count}`;
      const session = await this.#t.begin(connection);
      await change?.(session.storage, key, id);
      const begun = (this.#tick += 1);
      await this.#t.commit(session, { operations: keyed(key, id) });
      this.spans.set(id, { begun, ended: (this.#tick += 1) });
    }
  }

  /** Fails where one stands before another that had ended before it was begun. */
  checkOrder(ids: readonly string[]): void {
    for (const [index, later] of ids.entries()) {
      for (const earlier of ids.slice(0, index)) {
        const [first, second] = [this.spans.get(earlier), this.spans.get(later)];
        assert.ok(first !== undefined && second !== undefined, `${earlier} or ${later} is unknown`);
        assert.ok(
          second.ended > first.begun,
          `${earlier} was committed after ${later}, but is first`,
        );
      }
    }
  }
}

/** What one key still has, without taking anything. */
async function peek(t: PersistenceContext, key: string): Promise<string[] | undefined> {
  const taken = await t.until(lane(t.connection, key, { limit: 1_000 }), `lane ${key}`);
  if (taken === undefined) return undefined;
  await t.until(t.connection.outbox.settleLane(taken, 0, 0), `lane ${key} to be free`);
  return idsOf(taken.operations);
}

const expected = (key: string): string[] =>
  Array.from({ length: committers }, (_, committer) => committer)
    .filter((committer) => keys[committer % keys.length] === key)
    .flatMap((committer) =>
      Array.from({ length: commitsEach }, (_, count) => `${key}-${committer}-${count}`),
    )
    .toSorted();

export const whenCommitsShareAKey = persistenceScenario('when commits share a key', ['outbox'], {
  'should keep one order per key, to which commits only ever add at the end': async (t) => {
    const work = new Committers(t, [t.connection, await t.connect()]);
    const seen = new Map<string, string[]>(keys.map((key) => [key, []]));
    const looking = (async () => {
      while (work.running) {
        for (const key of keys) {
          const before = seen.get(key) ?? [];
          const now = (await peek(t, key)) ?? [];
          assert.deepEqual(
            now.slice(0, before.length),
            before,
            `lane ${key} only grows at its end`,
          );
          seen.set(key, now);
        }
        await t.turn();
      }
    })();
    await t.until(Promise.all([work.run(), looking]), 'the commits');
    for (const key of keys) {
      const ids = (await peek(t, key)) ?? [];
      assert.deepEqual(ids.slice(0, seen.get(key)?.length), seen.get(key));
      assert.deepEqual(ids.toSorted(), expected(key));
      work.checkOrder(ids);
    }
  },

  'should send each once, in that order, while they are committed': async (t) => {
    const second = await t.connect();
    const work = new Committers(t, [t.connection, second]);
    const sent = new Map<string, string[]>(keys.map((key) => [key, []]));
    const busy = new Set<string>();
    const relay = async (connection: PersistenceConnection): Promise<void> => {
      const all = committers * commitsEach;
      while ([...sent.values()].flat().length < all) {
        for (const key of keys) {
          const taken = await t.until(lane(connection, key, { limit: 3 }), `lane ${key}`);
          if (taken === undefined) continue;
          assert.ok(!busy.has(key), `two hold ${key}`);
          busy.add(key);
          await t.turn();
          const some = idsOf(taken.operations).slice(0, 2);
          sent.get(key)?.push(...some);
          busy.delete(key);
          await t.until(connection.outbox.settleLane(taken, some.length, 0), `lane ${key}`);
        }
        await t.turn();
      }
    };
    await t.until(Promise.all([work.run(), relay(t.connection), relay(second)]), () => {
      return `all to be sent; ${[...sent.values()].flat().length} were`;
    });
    for (const key of keys) {
      const ids = sent.get(key) ?? [];
      assert.deepEqual(ids.toSorted(), expected(key));
      work.checkOrder(ids);
    }
  },

  'should keep the order of the commits that changed the same value': async (t) => {
    const append = t.hook('append');
    const letters = t.name('order');
    const work = new Committers(t, [t.connection, await t.connect()]);
    const running = work.run((storage, key, id) => append(storage, `${letters}-${key}`, `${id} `));
    await t.until(running, 'the commits');
    for (const key of keys) {
      const order = ((await t.read(`${letters}-${key}`)) ?? '').trim().split(' ');
      assert.deepEqual(await peek(t, key), order);
    }
  },
});
