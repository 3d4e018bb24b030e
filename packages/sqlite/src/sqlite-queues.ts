import {
  type MoveRequest,
  type QueueDefinition,
  type QueueInfo,
  type Queues,
  type StoredMessage,
  headerNames,
} from '@busbar/core';
import type { Housekeeping } from './store/housekeeping.ts';
import { type MessageRow, clamped, messageColumns } from './store/message-table.ts';
import { messageState } from './store/schema.ts';
import { readHeaders } from './store/stored-headers.ts';
import type { SharedStore } from './store/shared-store.ts';
import { storeError } from './store/store-errors.ts';
import type { Transaction } from './store/writer.ts';

interface CountRow {
  readonly name: string;
  readonly total: number;
  readonly delayed: number;
  readonly held: number;
}

interface MovableRow extends MessageRow {
  readonly expires_at: number | null;
}

/** Messages that are moved in one transaction; between two of them others get their turn. */
const mostPerJob = 200;

/** Queues of a file, as operations see them. */
export class SqliteQueues implements Queues {
  readonly #store: SharedStore;
  readonly #housekeeping: Housekeeping;

  constructor(store: SharedStore) {
    this.#store = store;
    this.#housekeeping = store.housekeeping;
  }

  async provision(queues: readonly QueueDefinition[]): Promise<void> {
    await this.#housekeeping.removeUnusedQueues();
    const { topology, writer } = this.#store;
    await writer.submit(({ now }) => topology.provision(queues, now), true);
  }

  async missing(queues: readonly string[]): Promise<readonly string[]> {
    await this.#housekeeping.removeUnusedQueues();
    return this.#read(() => queues.filter((name) => this.#store.topology.find(name) === undefined));
  }

  async list(): Promise<readonly QueueInfo[]> {
    await this.#housekeeping.removeUnusedQueues();
    return this.#read(() => {
      const now = this.#store.clock.now();
      // All from one index, without a look at the messages themselves. Parameters are plain, since Node refuses numbered
      // ones up to 22.19.
      const counts = this.#store.file
        .prepare(
          `SELECT name,
             (SELECT count(*) FROM busbar_messages WHERE queue_id = id) total,
             (SELECT count(*) FROM busbar_messages
              WHERE queue_id = id AND state = ${messageState.delayed} AND visible_at > ?) delayed,
             (SELECT count(*) FROM busbar_messages
              WHERE queue_id = id AND state = ${messageState.held} AND visible_at > ?) held
           FROM busbar_queues ORDER BY name`,
        )
        .all(now, now) as unknown as CountRow[];
      return counts.map(({ name, total, delayed, held }) => ({
        name,
        ready: total - delayed - held,
        delayed,
        inFlight: held,
      }));
    });
  }

  async peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#read(() => {
      const { id } = this.#store.topology.queue(queue);
      const { messages } = this.#store;
      return this.#rows('queue_id = ? ORDER BY state, visible_at, seq LIMIT ?', id, limit).map(
        (row) => ({
          nativeId: String(row.seq),
          headers: readHeaders(row.headers).headers,
          body: messages.bodyOf(row),
        }),
      );
    });
  }

  async move({ from, to, nativeIds, headers = {} }: MoveRequest): Promise<number> {
    let moved = 0;
    for (let first = 0; first < nativeIds.length || first === 0; first += mostPerJob) {
      const some = nativeIds.slice(first, first + mostPerJob);
      moved += await this.#store.writer.submit(
        (transaction) => this.#move(from, to, some, headers, transaction),
        true,
      );
    }
    return moved;
  }

  async remove(queues: readonly string[]): Promise<void> {
    const { file, topology, writer } = this.#store;
    await writer.submit(({ touched }) => {
      for (const name of queues) {
        const entry = topology.find(name);
        if (entry === undefined) continue;
        // First, or they would be kept as undeliverable.
        file.prepare('DELETE FROM busbar_messages WHERE queue_id = ?').run(entry.id);
        topology.remove(entry);
        touched.add(entry.id);
      }
    }, true);
  }

  #move(
    from: string,
    to: string,
    nativeIds: readonly string[],
    changes: Readonly<Record<string, string | undefined>>,
    { now, place, touched }: Transaction,
  ): number {
    const { messages, topology } = this.#store;
    const source = topology.queue(from);
    const target = topology.queue(to);
    let moved = 0;
    for (const nativeId of nativeIds) {
      // One that a receiver holds is on its way out already.
      const [row] = this.#rows(
        `seq = ? AND queue_id = ? AND (state <> ${messageState.held} OR visible_at <= ?)`,
        Number(nativeId),
        source.id,
        now,
      );
      if (row === undefined) continue;
      const { headers, problem } = readHeaders(row.headers);
      const changed = withChanges(headers, changes);
      messages.insert({
        queueId: target.id,
        dueAt: place,
        delayed: false,
        lane: target.ordered ? (changed[headerNames.partitionKey] ?? null) : null,
        expiresAt: row.expires_at,
        // What cannot be read is moved as it is.
        headers: problem === undefined ? JSON.stringify(changed) : row.headers,
        body: messages.bodyOf(row),
      });
      messages.remove(source.id, row);
      moved += 1;
    }
    touched.add(source.id);
    touched.add(target.id);
    return moved;
  }

  #rows(where: string, ...parameters: (string | number)[]): MovableRow[] {
    return this.#store.file
      .prepare(
        `SELECT ${messageColumns}, ${clamped('expires_at')} AS expires_at
         FROM busbar_messages WHERE ${where}`,
      )
      .all(...parameters) as unknown as MovableRow[];
  }

  #read<T>(read: () => T): T {
    try {
      this.#store.topology.refresh();
      return read();
    } catch (error) {
      throw storeError(this.#store.file.path, error);
    }
  }
}

function withChanges(
  headers: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const changed: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}
