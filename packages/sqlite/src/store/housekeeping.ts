import { type Clock, type Logger, asError } from '@busbar/core';
import { holderState, holdersOlderThan, removeHolder } from './holder-lock.ts';
import { leasesOf } from './lease-number.ts';
import { aloneState, messageState } from './schema.ts';
import type { StoreFile } from './store-file.ts';
import type { QueueEntry, TopologyTable } from './topology.ts';
import type { Transaction, Writer } from './writer.ts';

const msBetweenLooksForTheDead = 1_000;
const msBetweenLooksForUnused = 5_000;
const orphanAgeMs = 60 * 60 * 1_000;

/** What of a store this works on. */
export interface HousekeptStore {
  readonly file: StoreFile;
  readonly writer: Writer;
  readonly topology: TopologyTable;
  readonly clock: Clock;
  readonly holderId: number;
  readonly settings: { readonly leaseMs: number };
}

interface HolderRow {
  readonly id: number;
  readonly pid: number;
  readonly host: string;
  readonly endpoint: string;
}

/** What somebody has to do now and then: gives back what dead processes held, and removes queues that nobody uses. */
export class Housekeeping {
  readonly #store: HousekeptStore;
  readonly #liveDirectory: string;
  readonly #logger: Logger;
  /** Since when nothing could be said of a holder, by the monotonic clock. */
  readonly #unknownSince = new Map<number, number>();
  #nextLookForTheDead = 0;
  #nextLookForUnused = 0;

  constructor(store: HousekeptStore, liveDirectory: string, logger: Logger) {
    this.#store = store;
    this.#liveDirectory = liveDirectory;
    this.#logger = logger;
  }

  tick(): void {
    const now = this.#store.clock.monotonic();
    if (now >= this.#nextLookForTheDead) {
      this.#nextLookForTheDead = now + msBetweenLooksForTheDead;
      this.lookForTheDead();
    }
    if (now >= this.#nextLookForUnused) {
      this.#nextLookForUnused = now + msBetweenLooksForUnused;
      if (this.#hasUnusedQueues()) this.removeUnusedQueues().catch(this.#complain);
    }
  }

  lookForTheDead(): void {
    const { file, holderId } = this.#store;
    const others = file
      .prepare('SELECT id, pid, host, endpoint FROM busbar_holders WHERE id <> ?')
      .all(holderId) as unknown as HolderRow[];
    for (const other of others) {
      const state = holderState(this.#liveDirectory, other.id);
      if (state !== 'unknown') this.#unknownSince.delete(other.id);
      if (state === 'dead') this.#giveBack(other).catch(this.#complain);
      else if (state === 'unknown') this.#forgetLater(other.id);
    }
  }

  /** Removes the lock files of processes that died before they were on the list, or after they had left it. */
  removeOrphans(): void {
    const time = this.#store.clock.now() - orphanAgeMs;
    for (const id of holdersOlderThan(this.#liveDirectory, time)) {
      if (this.#isListed(id) || holderState(this.#liveDirectory, id) !== 'dead') continue;
      removeHolder(this.#liveDirectory, id);
    }
  }

  /** Removes the queues that nobody has received for longer than they allow. */
  async removeUnusedQueues(): Promise<void> {
    const { writer, topology } = this.#store;
    if (!this.#hasUnusedQueues()) return;
    await writer.submit((transaction) => {
      for (const queue of topology.unusedQueues(transaction.now)) {
        this.#remove(queue, transaction);
      }
    }, true);
  }

  /** Takes ourselves off the list. Without it the others find the lock free and do the same. */
  signOff(): void {
    const { writer, topology, holderId } = this.#store;
    try {
      writer.runNow(({ now }) => {
        topology.refresh();
        this.#releaseAllOf(holderId, false);
        topology.holderGone(holderId, now);
      });
    } catch (error) {
      this.#logger.debug({ err: asError(error) }, 'Could not sign off from the SQLite file');
    }
  }

  #isListed(holderId: number): boolean {
    const row = this.#store.file.prepare('SELECT 1 FROM busbar_holders WHERE id = ?').get(holderId);
    return row !== undefined;
  }

  #hasUnusedQueues(): boolean {
    return this.#store.topology.unusedQueues(this.#store.clock.now()).length > 0;
  }

  async #giveBack({ id, pid, host, endpoint }: HolderRow): Promise<void> {
    const { writer, topology } = this.#store;
    const messages = await writer.submit((transaction) => {
      const released = this.#releaseAllOf(id, true);
      for (const queueId of released) transaction.touched.add(queueId);
      topology.holderGone(id, transaction.now);
      return released.length;
    }, false);
    removeHolder(this.#liveDirectory, id);
    this.#logger.warn(
      { pid, host, holderEndpoint: endpoint, messages },
      'A process ended without signing off; what it held was given back',
    );
  }

  /** The queue of each message that was released. What was claimed of an outbox is released, too. */
  #releaseAllOf(holderId: number, died: boolean): number[] {
    const { no, running } = aloneState;
    for (const table of ['busbar_outbox', 'busbar_outbox_keys']) {
      this.#store.file
        .prepare(`UPDATE ${table} SET free_at = 0, claim = NULL WHERE claim BETWEEN ? AND ?`)
        .run(...leasesOf(holderId));
    }
    const rows = this.#store.file
      .prepare(
        `UPDATE busbar_messages
         SET state = ${messageState.ready}, lease = NULL, visible_at = due_at,
           alone = iif(alone = ${running}, ${died ? aloneState.died : no}, alone)
         WHERE queue_id IN (SELECT id FROM busbar_queues) AND state = ${messageState.held}
           AND lease BETWEEN ? AND ?
         RETURNING queue_id`,
      )
      .all(...leasesOf(holderId));
    return rows.map((row) => row['queue_id'] as number);
  }

  /** Its leases run out by time; then it counts no more as a receiver either. */
  #forgetLater(holderId: number): void {
    const { clock, settings, writer, topology } = this.#store;
    const now = clock.monotonic();
    const since = this.#unknownSince.get(holderId);
    if (since === undefined) this.#unknownSince.set(holderId, now);
    else if (now - since > 2 * settings.leaseMs) {
      this.#unknownSince.delete(holderId);
      writer
        .submit((transaction) => topology.holderGone(holderId, transaction.now), false)
        .catch(this.#complain);
    }
  }

  /** What is in the queue and has not expired goes to `busbar.undeliverable`, by a trigger. */
  #remove(queue: QueueEntry, { now }: Transaction): void {
    const { file, topology } = this.#store;
    const expired = 'queue_id = ? AND expires_at IS NOT NULL AND expires_at <= ?';
    file
      .prepare(
        `DELETE FROM busbar_bodies
         WHERE seq IN (SELECT seq FROM busbar_messages WHERE body IS NULL AND ${expired})`,
      )
      .run(queue.id, now);
    file.prepare(`DELETE FROM busbar_messages WHERE ${expired}`).run(queue.id, now);
    topology.remove(queue);
    this.#logger.info({ queue: queue.name }, 'A queue that nobody used was removed');
  }

  readonly #complain = (error: unknown): void => {
    this.#logger.warn({ err: asError(error) }, 'Housekeeping of the SQLite file failed');
  };
}
