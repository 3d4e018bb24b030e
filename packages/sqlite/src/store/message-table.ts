import { type StatementSync } from 'node:sqlite';
import { blocked } from './schema.ts';
import type { StoreFile } from './store-file.ts';

/** A message on its way into the table. */
export interface NewMessage {
  readonly queueId: number;
  readonly dueAt: number;
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
  readonly alone: number;
  readonly lane: string | null;
  readonly headers: string;
  /** Null when it is kept apart; see {@link MessageTable.bodyOf}. */
  readonly body: Uint8Array | null;
}

interface Candidate {
  readonly seq: number;
  readonly due_at: number;
  readonly lane: string | null;
}

/** Bodies above this are kept out of the row that claims and renewals rewrite; measured to pay from about here. */
const largestInlineBody = 1_024;

/** How many rows a claim of an ordered queue looks at before it gives up for this transaction. */
const mostCandidates = 256;

const claimed = 'seq, due_at, delivery_count, alone, lane, headers, body';

/**
 * The messages of all queues. Every member works inside of the transaction of its caller.
 *
 * Order is by `due_at`, then by `seq`. In an ordered queue each message carries its key as `lane`, and of each lane at
 * most one message can be claimed: the others are blocked until the one before them is gone.
 */
export class MessageTable {
  readonly #insert: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #body: StatementSync;
  readonly #deleteBody: StatementSync;
  readonly #claim: StatementSync;
  readonly #candidates: StatementSync;
  readonly #claimOne: StatementSync;
  readonly #renew: StatementSync;
  readonly #delete: StatementSync;
  readonly #release: StatementSync;
  readonly #markAlone: StatementSync;
  readonly #ready: StatementSync;
  readonly #next: StatementSync;
  readonly #laneDue: StatementSync;
  readonly #laneHeld: StatementSync;
  readonly #laneEarlier: StatementSync;
  readonly #block: StatementSync;
  readonly #unblockFirst: StatementSync;

  constructor(file: StoreFile) {
    this.#insert = file.prepare(
      `INSERT INTO busbar_messages (queue_id, visible_at, due_at, lane, expires_at, headers, body)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertBody = file.prepare('INSERT INTO busbar_bodies (seq, body) VALUES (?, ?)');
    this.#body = file.prepare('SELECT body FROM busbar_bodies WHERE seq = ?');
    this.#deleteBody = file.prepare('DELETE FROM busbar_bodies WHERE seq = ?');
    this.#claim = file.prepare(
      `UPDATE busbar_messages SET lease = ?, visible_at = ?, delivery_count = delivery_count + 1
       WHERE seq IN (
         SELECT seq FROM busbar_messages WHERE queue_id = ? AND visible_at <= ?
         ORDER BY visible_at, seq LIMIT ?
       ) RETURNING ${claimed}`,
    );
    this.#candidates = file.prepare(
      `SELECT seq, due_at, lane FROM busbar_messages WHERE queue_id = ? AND visible_at <= ?
       ORDER BY visible_at, seq LIMIT ${mostCandidates}`,
    );
    this.#claimOne = file.prepare(
      `UPDATE busbar_messages SET lease = ?, visible_at = ?, delivery_count = delivery_count + 1
       WHERE seq = ? RETURNING ${claimed}`,
    );
    this.#renew = file.prepare(
      'UPDATE busbar_messages SET visible_at = ? WHERE seq = ? AND lease = ?',
    );
    this.#delete = file.prepare('DELETE FROM busbar_messages WHERE seq = ? AND lease = ?');
    this.#release = file.prepare(
      `UPDATE busbar_messages
       SET lease = NULL, alone = 0, visible_at = due_at, delivery_count = delivery_count - ?
       WHERE seq = ? AND lease = ?`,
    );
    this.#markAlone = file.prepare(
      'UPDATE busbar_messages SET alone = 1 WHERE seq = ? AND lease = ?',
    );
    this.#ready = file.prepare(
      'SELECT 1 FROM busbar_messages WHERE queue_id = ? AND visible_at <= ? LIMIT 1',
    );
    this.#next = file.prepare(
      `SELECT visible_at FROM busbar_messages WHERE queue_id = ? AND visible_at > ?
       ORDER BY visible_at LIMIT 1`,
    );
    this.#laneDue = file.prepare(
      'SELECT 1 FROM busbar_messages WHERE queue_id = ? AND lane = ? AND due_at <= ? LIMIT 1',
    );
    this.#laneHeld = file.prepare(
      `SELECT 1 FROM busbar_messages
       WHERE queue_id = ? AND lane = ? AND lease IS NOT NULL AND seq <> ? LIMIT 1`,
    );
    this.#laneEarlier = file.prepare(
      `SELECT 1 FROM busbar_messages
       WHERE queue_id = ? AND lane = ? AND (due_at, seq) < (?, ?) LIMIT 1`,
    );
    this.#block = file.prepare(
      `UPDATE busbar_messages SET visible_at = ${blocked}, lease = NULL WHERE seq = ?`,
    );
    this.#unblockFirst = file.prepare(
      `UPDATE busbar_messages SET visible_at = due_at
       WHERE visible_at = ${blocked} AND seq = (
         SELECT seq FROM busbar_messages WHERE queue_id = ? AND lane = ?
         ORDER BY due_at, seq LIMIT 1
       )`,
    );
  }

  /** Returns the new message's `seq`. */
  insert(message: NewMessage, now: number): number {
    const { queueId, lane, body } = message;
    const apart = body.byteLength > largestInlineBody;
    const { lastInsertRowid } = this.#insert.run(
      queueId,
      this.#visibleAt(message, now),
      message.dueAt,
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
    return this.#ready.get(queueId, now) !== undefined;
  }

  /** When something can be claimed next by the passing of time alone. */
  nextVisibleAt(queueId: number, now: number): number | undefined {
    const row = this.#next.get(queueId, now);
    const at = row?.['visible_at'] as number | undefined;
    return at === undefined || at >= blocked ? undefined : at;
  }

  /** Claims up to `limit` messages of a queue without order by key, the oldest first. */
  claim(queueId: number, limit: number, lease: number, until: number, now: number): MessageRow[] {
    const rows = this.#claim.all(lease, until, queueId, now, limit) as unknown as MessageRow[];
    return rows.length > 1 ? rows.sort(byPlace) : rows;
  }

  /** Claims up to `limit` messages of an ordered queue, at most one of each lane. */
  claimHeads(
    queueId: number,
    limit: number,
    lease: number,
    until: number,
    now: number,
  ): MessageRow[] {
    const heads: MessageRow[] = [];
    const candidates = this.#candidates.all(queueId, now) as unknown as Candidate[];
    for (const { seq, due_at, lane } of candidates) {
      if (heads.length === limit) break;
      if (lane === null || !this.#blockIfBehind(queueId, lane, due_at, seq)) {
        heads.push(this.#claimOne.get(lease, until, seq) as unknown as MessageRow);
      }
    }
    return heads;
  }

  /** Prolongs a hold. False when it is ours no more. */
  renew({ seq, lease }: Hold, until: number): boolean {
    return this.#renew.run(until, seq, lease).changes !== 0;
  }

  /** Removes a held message. False when it is ours no more. */
  delete(queueId: number, { seq, body, lane }: MessageRow, lease: number): boolean {
    if (this.#delete.run(seq, lease).changes === 0) return false;
    if (body === null) this.#deleteBody.run(seq);
    if (lane !== null) this.unblock(queueId, lane);
    return true;
  }

  /** Gives a held message back to its old place; what is held by somebody else is left alone. */
  release({ seq, lease }: Hold, begun: boolean): void {
    this.#release.run(begun ? 0 : 1, seq, lease);
  }

  /** Notes that a held message is handled alone. False when it is ours no more. */
  markAlone({ seq, lease }: Hold): boolean {
    return this.#markAlone.run(seq, lease).changes !== 0;
  }

  /** Lets the first message of a lane be claimed. */
  unblock(queueId: number, lane: string): void {
    this.#unblockFirst.run(queueId, lane);
  }

  bodyOf({ seq, body }: MessageRow): Uint8Array {
    if (body !== null) return body;
    const row = this.#body.get(seq);
    return (row?.['body'] as Uint8Array | undefined) ?? new Uint8Array(0);
  }

  #visibleAt({ queueId, dueAt, lane }: NewMessage, now: number): number {
    if (lane === null || dueAt > now) return dueAt;
    return this.#laneDue.get(queueId, lane, now) === undefined ? dueAt : blocked;
  }

  /** A message that became due while another of its lane was already there must wait like all others. */
  #blockIfBehind(queueId: number, lane: string, dueAt: number, seq: number): boolean {
    const held = this.#laneHeld.get(queueId, lane, seq) !== undefined;
    if (!held && this.#laneEarlier.get(queueId, lane, dueAt, seq) === undefined) return false;
    this.#block.run(seq);
    // The end of the held one unblocks the first. With none held, a clock that was set back may have left the first
    // blocked with nobody before it.
    if (!held) this.unblock(queueId, lane);
    return true;
  }
}

function byPlace(a: MessageRow, b: MessageRow): number {
  return a.due_at - b.due_at || a.seq - b.seq;
}
