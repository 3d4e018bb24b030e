import type { StatementSync } from 'node:sqlite';
import { BusbarError, type QueueDefinition, headerNames } from '@busbar/core';
import { messageState, migrations } from './schema.ts';
import type { StoreFile } from './store-file.ts';

/** A queue as every transaction knows it. */
export interface QueueEntry {
  readonly id: number;
  readonly name: string;
  readonly ordered: boolean;
}

interface QueueRow {
  readonly id: number;
  readonly name: string;
  readonly ordered: number;
  readonly expires_unused_ms: number | null;
}

interface SubscriptionRow {
  readonly topic: string;
  readonly queue_id: number;
}

interface MetaRow {
  readonly topology: number;
  readonly schema_version: number;
}

/**
 * Queues, subscriptions and who receives. All of it is held in memory and read again when another process has changed
 * it, which one number tells in every transaction; so a send looks nothing up in the file. What this process changes
 * often is changed in both places.
 *
 * Every member works inside of the transaction of its caller.
 */
export class TopologyTable {
  readonly #file: StoreFile;
  readonly #holderId: number;
  readonly #meta: StatementSync;
  readonly #queueRows: StatementSync;
  readonly #subscriptionRows: StatementSync;
  readonly #foreignReceivers: StatementSync;
  #version = -1;
  #byName = new Map<string, QueueEntry>();
  #byId = new Map<number, QueueEntry>();
  #subscribers = new Map<string, QueueEntry[]>();
  #receivedElsewhere = new Set<number>();

  constructor(file: StoreFile, holderId: number) {
    this.#file = file;
    this.#holderId = holderId;
    this.#meta = file.prepare('SELECT topology, schema_version FROM busbar_meta');
    this.#queueRows = file.prepare(
      'SELECT id, name, ordered, expires_unused_ms FROM busbar_queues',
    );
    this.#subscriptionRows = file.prepare('SELECT topic, queue_id FROM busbar_subscriptions');
    this.#foreignReceivers = file.prepare(
      'SELECT DISTINCT queue_id FROM busbar_receivers WHERE holder_id <> ?',
    );
  }

  /** Makes sure that what is in memory is what the file says. */
  refresh(): void {
    const { topology, schema_version } = this.#meta.get() as unknown as MetaRow;
    if (topology === this.#version) return;
    if (schema_version > migrations.length) throw this.#file.newerSchema(schema_version);
    this.#read();
    this.#version = topology;
  }

  /** What was read in a transaction that was undone may never have been. */
  forget(): void {
    this.#version = -1;
  }

  find(name: string): QueueEntry | undefined {
    return this.#byName.get(name);
  }

  /** @throws BusbarError MISSING_QUEUE */
  queue(name: string): QueueEntry {
    const entry = this.#byName.get(name);
    if (entry !== undefined) return entry;
    throw new BusbarError(
      'MISSING_QUEUE',
      `The queue "${name}" does not exist in ${this.#file.path}.`,
      {
        details: { queue: name, file: this.#file.path },
      },
    );
  }

  byId(id: number): QueueEntry | undefined {
    return this.#byId.get(id);
  }

  /** The queues that get a copy, each once. */
  subscribersOf(topics: readonly string[]): readonly QueueEntry[] {
    const [first] = topics;
    if (topics.length === 1 && first !== undefined) return this.#subscribers.get(first) ?? [];
    return [...new Set(topics.flatMap((topic) => this.#subscribers.get(topic) ?? []))];
  }

  /** Whether another process has a receiver for one of the queues, and would like a hint. */
  receivedElsewhere(queueIds: Iterable<number>): boolean {
    if (this.#receivedElsewhere.size === 0) return false;
    for (const id of queueIds) if (this.#receivedElsewhere.has(id)) return true;
    return false;
  }

  provision(definitions: readonly QueueDefinition[], now: number): void {
    for (const { name, ordered, expiresUnusedMs } of definitions) {
      const existing = this.#byName.get(name);
      if (existing === undefined) {
        const { lastInsertRowid } = this.#run(
          'INSERT INTO busbar_queues (name, ordered, expires_unused_ms, unused_since) VALUES (?, ?, ?, ?)',
          name,
          ordered === true ? 1 : 0,
          expiresUnusedMs ?? null,
          now,
        );
        this.#add({ id: Number(lastInsertRowid), name, ordered: ordered === true });
      } else {
        if (ordered === true) this.makeOrdered(existing);
        if (expiresUnusedMs !== undefined) this.#setExpiry(existing, expiresUnusedMs);
      }
      this.#inStep();
    }
  }

  /**
   * Gives a queue order by key; what waits in it keeps its place. Never the other way round: while versions are rolled
   * out, one that does not ask for order must not take it from one that does.
   */
  makeOrdered({ id, ordered }: QueueEntry): void {
    if (ordered) return;
    this.#run('UPDATE busbar_queues SET ordered = 1 WHERE id = ?', id);
    this.#run(
      'UPDATE busbar_messages SET lane = headers ->> ? WHERE queue_id = ? AND json_valid(headers)',
      `$."${headerNames.partitionKey}"`,
      id,
    );
    const { ready, delayed, held, blocked } = messageState;
    this.#run(
      `UPDATE busbar_messages SET state = ${blocked} WHERE state = ${ready} AND seq IN (
         SELECT seq FROM (
           SELECT seq, row_number() OVER (
             PARTITION BY lane ORDER BY state = ${held} DESC, due_at, seq
           ) AS place
           FROM busbar_messages
           WHERE queue_id = ? AND lane IS NOT NULL AND state <> ${delayed}
         ) WHERE place > 1
       )`,
      id,
    );
    this.refresh();
  }

  subscribe(name: string, topics: readonly string[]): void {
    const entry = this.queue(name);
    for (const topic of topics) {
      const sql = 'INSERT OR IGNORE INTO busbar_subscriptions VALUES (?, ?)';
      if (this.#run(sql, topic, entry.id).changes !== 0) this.#addSubscriber(topic, entry);
    }
    this.#inStep();
  }

  unsubscribe(name: string, topics: readonly string[]): void {
    const { id } = this.queue(name);
    for (const topic of topics) {
      this.#run('DELETE FROM busbar_subscriptions WHERE topic = ? AND queue_id = ?', topic, id);
      const others = this.#subscribers.get(topic)?.filter((entry) => entry.id !== id) ?? [];
      this.#subscribers.set(topic, others);
    }
    this.#inStep();
  }

  topicsOf(name: string): readonly string[] {
    const { id } = this.queue(name);
    const rows = this.#file
      .prepare('SELECT topic FROM busbar_subscriptions WHERE queue_id = ? ORDER BY topic')
      .all(id);
    return rows.map((row) => row['topic'] as string);
  }

  /** A queue that is received is in use, however long ago its last message came. */
  receiverStarted(queueId: number): void {
    this.#run(
      `INSERT INTO busbar_receivers VALUES (?, ?, 1)
       ON CONFLICT (queue_id, holder_id) DO UPDATE SET count = count + 1`,
      queueId,
      this.#holderId,
    );
    this.#inStep();
  }

  receiverStopped(queueId: number, now: number): void {
    const holder = this.#holderId;
    this.#run(
      'UPDATE busbar_receivers SET count = count - 1 WHERE queue_id = ? AND holder_id = ?',
      queueId,
      holder,
    );
    this.#run(
      'DELETE FROM busbar_receivers WHERE queue_id = ? AND holder_id = ? AND count < 1',
      queueId,
      holder,
    );
    this.#run('UPDATE busbar_queues SET unused_since = ? WHERE id = ?', now, queueId);
    this.#inStep();
  }

  /** Forgets the receivers of a process that is gone. */
  holderGone(holderId: number, now: number): void {
    this.#run(
      `UPDATE busbar_queues SET unused_since = ?
       WHERE id IN (SELECT queue_id FROM busbar_receivers WHERE holder_id = ?)`,
      now,
      holderId,
    );
    this.#run('DELETE FROM busbar_receivers WHERE holder_id = ?', holderId);
    this.#run('DELETE FROM busbar_holders WHERE id = ?', holderId);
    this.refresh();
  }

  /** The queues that nobody has received for longer than they allow. */
  unusedQueues(now: number): readonly QueueEntry[] {
    const rows = this.#file
      .prepare(
        `SELECT id, name, ordered, expires_unused_ms FROM busbar_queues
         WHERE expires_unused_ms IS NOT NULL AND unused_since + expires_unused_ms <= ?
         AND NOT EXISTS (SELECT 1 FROM busbar_receivers WHERE queue_id = busbar_queues.id)`,
      )
      .all(now) as unknown as QueueRow[];
    return rows.map(entryOf);
  }

  /** Removes a queue; triggers do the same to its subscriptions and move its messages. */
  remove({ id }: QueueEntry): void {
    this.#run('DELETE FROM busbar_queues WHERE id = ?', id);
    this.refresh();
  }

  #setExpiry({ id }: QueueEntry, expiresUnusedMs: number): void {
    this.#run(
      'UPDATE busbar_queues SET expires_unused_ms = ? WHERE id = ? AND expires_unused_ms IS NOT ?',
      expiresUnusedMs,
      id,
      expiresUnusedMs,
    );
  }

  /** Rare statements are not worth keeping prepared. */
  #run(sql: string, ...parameters: (string | number | null)[]): ReturnType<StatementSync['run']> {
    return this.#file.prepare(sql).run(...parameters);
  }

  /** What is in memory was changed as the file was: in a transaction nobody else has changed anything since. */
  #inStep(): void {
    this.#version = (this.#meta.get() as unknown as MetaRow).topology;
  }

  #add(entry: QueueEntry): void {
    this.#byName.set(entry.name, entry);
    this.#byId.set(entry.id, entry);
  }

  #addSubscriber(topic: string, entry: QueueEntry): void {
    const entries = this.#subscribers.get(topic);
    if (entries === undefined) this.#subscribers.set(topic, [entry]);
    else entries.push(entry);
  }

  #read(): void {
    this.#byName = new Map();
    this.#byId = new Map();
    this.#subscribers = new Map();
    for (const row of this.#queueRows.all() as unknown as QueueRow[]) {
      this.#add(entryOf(row));
    }
    for (const {
      topic,
      queue_id,
    } of this.#subscriptionRows.all() as unknown as SubscriptionRow[]) {
      const entry = this.#byId.get(queue_id);
      if (entry !== undefined) this.#addSubscriber(topic, entry);
    }
    const foreign = this.#foreignReceivers.all(this.#holderId);
    this.#receivedElsewhere = new Set(foreign.map((row) => row['queue_id'] as number));
  }
}

function entryOf({ id, name, ordered }: QueueRow): QueueEntry {
  return { id, name, ordered: ordered !== 0 };
}
