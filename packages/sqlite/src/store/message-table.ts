import type { StatementSync } from 'node:sqlite';
import { holderOf } from './lease-number.ts';
import { aloneState, messageState } from './schema.ts';
import type { StoreFile } from './store-file.ts';

/** A message on its way into the table. */
export interface NewMessage {
  readonly queueId: number;
  /** When it is due, or was sent: its place in the queue. */
  readonly dueAt: number;
  /** Whether it waits for that moment. */
  readonly delayed: boolean;
  /** The partition key, if the queue is ordered. */
  readonly lane: string | null;
  readonly expiresAt: number | null;
  readonly headers: string;
  readonly body: Uint8Array;
}

/** What identifies a held message: without the right lease nothing happens to it. */
export interface Hold {
  readonly seq: number;
  readonly lease: number;
}

/** A message as it is stored. */
export interface MessageRow {
  readonly seq: number;
  readonly due_at: number;
  readonly delivery_count: number;
  readonly died_alone: number;
  readonly lane: string | null;
  readonly headers: string;
  /** Null when it is kept apart; see {@link MessageTable.bodyOf}. */
  readonly body: Uint8Array | null;
}

interface PastRow {
  readonly seq: number;
  readonly lane: string | null;
  readonly lease: number | null;
  readonly running_alone: number;
}

/** Bodies above this are kept out of the row that claims and renewals rewrite; measured to pay from about here. */
const largestInlineBody = 1_024;

const { ready, delayed, held, blocked } = messageState;

/** Node throws at an integer that a number does not hold, and a claim that throws would stop its queue for good. */
const mostInteger = Number.MAX_SAFE_INTEGER;
/** Far beyond any suspicion. */
const mostDeliveries = 2 ** 31;

/** The SQL of an integer that Node can read. */
export function clamped(column: string): string {
  return `max(min(${column}, ${mostInteger}), -${mostInteger})`;
}

/** The columns of a {@link MessageRow}. */
export const messageColumns = `seq, ${clamped('due_at')} AS due_at,
  max(min(delivery_count, ${mostDeliveries}), 0) AS delivery_count, alone = ${aloneState.died} AS died_alone, lane, headers, body`;

/**
 * The messages of all queues. Every member works inside of the transaction of its caller.
 *
 * Order is by `due_at`, then by `seq`. In an ordered queue each message carries its key as `lane`, and of each lane one
 * message has its turn (it is ready or held) while the others are blocked. Whoever removes the one unblocks the next.
 */
export class MessageTable {
  readonly #insert: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #body: StatementSync;
  readonly #deleteBody: StatementSync;
  readonly #isReady: StatementSync;
  readonly #isPast: StatementSync;
  readonly #past: StatementSync;
  readonly #setState: StatementSync;
  readonly #next: StatementSync;
  readonly #claim: StatementSync;
  readonly #renew: StatementSync;
  readonly #delete: StatementSync;
  readonly #remove: StatementSync;
  readonly #release: StatementSync;
  readonly #markAlone: StatementSync;
  readonly #endAlone: StatementSync;
  readonly #lastOfLane: StatementSync;
  readonly #unblockFirst: StatementSync;
  readonly #hasDied: (holderId: number) => boolean;

  /** @param hasDied Whether the holder is known to be dead; false where that cannot be told. */
  constructor(file: StoreFile, hasDied: (holderId: number) => boolean = () => false) {
    this.#hasDied = hasDied;
    this.#insert = file.prepare(
      `INSERT INTO busbar_messages
         (queue_id, state, visible_at, due_at, lane, expires_at, headers, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBody = file.prepare('INSERT INTO busbar_bodies (seq, body) VALUES (?, ?)');
    this.#body = file.prepare('SELECT body FROM busbar_bodies WHERE seq = ?');
    this.#deleteBody = file.prepare('DELETE FROM busbar_bodies WHERE seq = ?');
    this.#isReady = file.prepare(
      `SELECT 1 FROM busbar_messages WHERE queue_id = ? AND state = ${ready} LIMIT 1`,
    );
    this.#isPast = file.prepare(
      'SELECT 1 FROM busbar_messages WHERE queue_id = ? AND state = ? AND visible_at <= ? LIMIT 1',
    );
    this.#past = file.prepare(
      `SELECT seq, lane, ${clamped('lease')} AS lease, alone = ${aloneState.running} AS running_alone
       FROM busbar_messages WHERE queue_id = ? AND state = ? AND visible_at <= ?
       ORDER BY visible_at, seq LIMIT ?`,
    );
    this.#setState = file.prepare(
      'UPDATE busbar_messages SET state = ?, visible_at = due_at WHERE seq = ?',
    );
    this.#next = file.prepare(
      `SELECT ${clamped('visible_at')} AS visible_at FROM busbar_messages
       WHERE queue_id = ? AND state = ? AND busbar_messages.visible_at > ?
       ORDER BY busbar_messages.visible_at LIMIT 1`,
    );
    this.#claim = file.prepare(
      `UPDATE busbar_messages
       SET state = ${held}, lease = ?, visible_at = ?,
         delivery_count = max(min(delivery_count, ${mostDeliveries}), 0) + 1
       WHERE seq IN (
         SELECT seq FROM busbar_messages WHERE queue_id = ? AND state = ${ready}
         ORDER BY visible_at, seq LIMIT ?
       ) RETURNING ${messageColumns}`,
    );
    this.#renew = file.prepare(
      `UPDATE busbar_messages SET state = ${held}, visible_at = ? WHERE seq = ? AND lease = ?`,
    );
    this.#delete = file.prepare('DELETE FROM busbar_messages WHERE seq = ? AND lease = ?');
    this.#remove = file.prepare('DELETE FROM busbar_messages WHERE seq = ?');
    this.#release = file.prepare(
      `UPDATE busbar_messages
       SET state = ${ready}, lease = NULL, visible_at = due_at,
         -- What was not begun goes back as it came: that a process died over it stays known.
         alone = iif(?, alone, ${aloneState.no}), delivery_count = delivery_count - ?
       WHERE seq = ? AND lease = ?`,
    );
    this.#markAlone = file.prepare(
      `UPDATE busbar_messages SET alone = ${aloneState.running} WHERE seq = ? AND lease = ?`,
    );
    this.#endAlone = file.prepare('UPDATE busbar_messages SET alone = ? WHERE seq = ?');
    this.#lastOfLane = file.prepare(
      `SELECT ${clamped('max(due_at)')} AS due_at FROM busbar_messages
       WHERE queue_id = ? AND lane = ? AND state <> ${delayed}`,
    );
    this.#unblockFirst = file.prepare(
      `UPDATE busbar_messages SET state = ${ready}
       WHERE state = ${blocked} AND seq = (
         SELECT seq FROM busbar_messages WHERE queue_id = ? AND lane = ? AND state <> ${delayed}
         ORDER BY due_at, seq LIMIT 1
       )`,
    );
  }

  /** Returns the new message's `seq`. */
  insert(message: NewMessage): number {
    const { queueId, lane, body } = message;
    const apart = body.byteLength > largestInlineBody;
    const last = message.delayed ? undefined : this.#lastDueAt(queueId, lane);
    // Another process may have sent before the clock was set back: what comes later stays behind it all the same.
    const dueAt = Math.max(message.dueAt, last ?? message.dueAt);
    const turn = last === undefined ? ready : blocked;
    const { lastInsertRowid } = this.#insert.run(
      queueId,
      message.delayed ? delayed : turn,
      dueAt,
      dueAt,
      lane,
      message.expiresAt,
      message.headers,
      apart ? null : body,
    );
    if (apart) this.#insertBody.run(lastInsertRowid, body);
    return Number(lastInsertRowid);
  }

  /** Whether something can be claimed. */
  ready(queueId: number, now: number): boolean {
    return (
      this.#isReady.get(queueId) !== undefined ||
      this.#isPast.get(queueId, delayed, now) !== undefined ||
      this.#isPast.get(queueId, held, now) !== undefined
    );
  }

  /** When something can be claimed next by the passing of time alone; Infinity if never. */
  nextVisibleAt(queueId: number, now: number): number {
    return Math.min(this.#nextOf(queueId, delayed, now), this.#nextOf(queueId, held, now));
  }

  /** Claims up to `limit` messages, the oldest first; of each lane at most one. */
  claim(queueId: number, limit: number, lease: number, until: number, now: number): MessageRow[] {
    this.#promote(queueId, delayed, now, limit);
    this.#promote(queueId, held, now, limit);
    const rows = this.#claim.all(lease, until, queueId, limit) as unknown as MessageRow[];
    return rows.length > 1 ? rows.sort(byPlace) : rows;
  }

  /** Prolongs a hold. False when it is ours no more. */
  renew({ seq, lease }: Hold, until: number): boolean {
    return this.#renew.run(until, seq, lease).changes !== 0;
  }

  /** Removes a held message. False when it is ours no more. */
  delete(queueId: number, { seq, body, lane }: MessageRow, lease: number): boolean {
    if (this.#delete.run(seq, lease).changes === 0) return false;
    if (body === null) this.#deleteBody.run(seq);
    if (lane !== null) this.#unblock(queueId, lane);
    return true;
  }

  /** Removes a message that nobody holds. */
  remove(queueId: number, { seq, body, lane }: MessageRow): void {
    this.#remove.run(seq);
    if (body === null) this.#deleteBody.run(seq);
    if (lane !== null) this.#unblock(queueId, lane);
  }

  /** Gives a held message back to its old place; what is held by somebody else is left alone. */
  release({ seq, lease }: Hold, begun: boolean): void {
    const unbegun = begun ? 0 : 1;
    this.#release.run(unbegun, unbegun, seq, lease);
  }

  /** Notes that a held message is handled alone. False when it is ours no more. */
  markAlone({ seq, lease }: Hold): boolean {
    return this.#markAlone.run(seq, lease).changes !== 0;
  }

  bodyOf({ seq, body }: MessageRow): Uint8Array {
    if (body !== null) return body;
    const row = this.#body.get(seq);
    return (row?.['body'] as Uint8Array | undefined) ?? new Uint8Array(0);
  }

  /** Makes those ready whose time has come, as far as a claim of `limit` may reach. */
  #promote(queueId: number, from: number, now: number, limit: number): void {
    if (this.#isPast.get(queueId, from, now) === undefined) return;
    const rows = this.#past.all(queueId, from, now, limit) as unknown as PastRow[];
    for (const row of rows) {
      // An expired lease is kept: until somebody else claims the message, its holder may still settle it.
      const taken = from === delayed && this.#lastDueAt(queueId, row.lane) !== undefined;
      this.#setState.run(taken ? blocked : ready, row.seq);
      if (row.running_alone !== 0) this.#judge(row);
    }
  }

  /** A lease also ends by time while its holder merely stands still: that says nothing against the message. */
  #judge({ seq, lease }: PastRow): void {
    const died = lease !== null && this.#hasDied(holderOf(lease));
    this.#endAlone.run(died ? aloneState.died : aloneState.no, seq);
  }

  /** The last place among those of the lane that have or await their turn; undefined when there are none. */
  #lastDueAt(queueId: number, lane: string | null): number | undefined {
    if (lane === null) return undefined;
    const row = this.#lastOfLane.get(queueId, lane);
    return (row?.['due_at'] as number | null | undefined) ?? undefined;
  }

  #unblock(queueId: number, lane: string): void {
    this.#unblockFirst.run(queueId, lane);
  }

  #nextOf(queueId: number, state: number, now: number): number {
    const row = this.#next.get(queueId, state, now);
    return (row?.['visible_at'] as number | undefined) ?? Infinity;
  }
}

function byPlace(a: MessageRow, b: MessageRow): number {
  return a.due_at - b.due_at || a.seq - b.seq;
}
