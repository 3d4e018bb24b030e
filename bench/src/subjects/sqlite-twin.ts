import { type FSWatcher, closeSync, openSync, watch, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Order } from '../order.ts';

/** Handles a message; what it gives is sent in the transaction that removes the message. */
export type HandleRow = (type: string, message: Order) => Promise<readonly Unsent[]>;

export interface Unsent {
  readonly type: string;
  readonly message: Order;
}

interface Row {
  readonly seq: number;
  readonly type: string;
  readonly body: string;
}

interface Insert {
  readonly type: string;
  readonly body: string;
  readonly resolve?: () => void;
  readonly reject?: (error: unknown) => void;
}

const leaseMs = 30_000;
const pollMs = 500;

/**
 * A queue in a table, as somebody would write it by hand who knows SQLite well: a write-ahead log, prepared statements, one
 * transaction for all that a turn of the event loop has brought, leases so that several processes can share the work
 * and none loses it, and a watched file to wake the others. A commit waits for the disk, unless it only claims.
 */
export class SqliteTwin {
  readonly #database: DatabaseSync;
  readonly #atOnce: number;
  readonly #handle: HandleRow | undefined;
  readonly #hint: number;
  readonly #watcher: FSWatcher | undefined;
  readonly #poll: NodeJS.Timeout | undefined;
  readonly #begin: () => void;
  readonly #commit: () => void;
  readonly #insert: (...values: SQLInputValue[]) => void;
  readonly #delete: (...values: SQLInputValue[]) => void;
  readonly #claim: (...values: SQLInputValue[]) => Row[];
  readonly #lease = process.pid;
  #inserts: Insert[] = [];
  #deletes: number[] = [];
  #scheduled = false;
  #durable = true;
  #running = 0;
  #mayClaim = true;

  /** @param handle Without it nothing is received. */
  constructor(directory: string, atOnce: number, handle?: HandleRow) {
    this.#atOnce = atOnce;
    this.#handle = handle;
    this.#database = new DatabaseSync(join(directory, 'twin.db'));
    this.#database.exec(`
      PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -8192;
      CREATE TABLE IF NOT EXISTS message (seq INTEGER PRIMARY KEY, visible INTEGER NOT NULL,
        lease INTEGER, attempts INTEGER NOT NULL DEFAULT 0, type TEXT NOT NULL, body TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS message_visible ON message (visible)`);
    const begin = this.#database.prepare('BEGIN IMMEDIATE');
    this.#begin = () => begin.run();
    const commit = this.#database.prepare('COMMIT');
    this.#commit = () => commit.run();
    const insert = this.#database.prepare(
      'INSERT INTO message (visible, type, body) VALUES (?, ?, ?)',
    );
    this.#insert = (...values) => insert.run(...values);
    const remove = this.#database.prepare('DELETE FROM message WHERE seq = ? AND lease = ?');
    this.#delete = (...values) => remove.run(...values);
    const claim = this.#database.prepare(
      `UPDATE message SET lease = ?, visible = ?, attempts = attempts + 1 WHERE seq IN
         (SELECT seq FROM message WHERE visible <= ? ORDER BY visible, seq LIMIT ?)
       RETURNING seq, type, body`,
    );
    this.#claim = (...values) => claim.all(...values) as unknown as Row[];
    const hint = join(directory, 'twin.hint');
    this.#hint = openSync(hint, 'a');
    if (handle === undefined) return;
    this.#watcher = watch(hint, this.#look);
    this.#poll = setInterval(this.#look, pollMs);
    this.#soon();
  }

  /** Resolves when the message is on the disk. */
  send(type: string, message: Order): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#inserts.push({ type, body: JSON.stringify(message), resolve, reject });
      this.#soon();
    });
  }

  /** The bodies of all that is stored. */
  stored(): readonly Order[] {
    const rows = this.#database.prepare('SELECT body FROM message').all();
    return rows.map(({ body }) => JSON.parse(String(body)) as Order);
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#poll);
    closeSync(this.#hint);
    this.#database.close();
  }

  readonly #look = (): void => {
    this.#mayClaim = true;
    this.#soon();
  };

  #soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#tick);
  }

  readonly #tick = (): void => {
    this.#scheduled = false;
    const inserts = this.#inserts;
    const deletes = this.#deletes;
    this.#inserts = [];
    this.#deletes = [];
    const room = this.#handle === undefined ? 0 : this.#atOnce - this.#running;
    const claims = room > 0 && (this.#mayClaim || inserts.length > 0);
    const durable = inserts.length + deletes.length > 0;
    if (!durable && !claims) return;
    let rows: Row[] = [];
    try {
      if (durable !== this.#durable) {
        // Not prepared: SQLite carries this pragma out when it is compiled, and only then.
        this.#database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
        this.#durable = durable;
      }
      this.#begin();
      const now = Date.now();
      for (const { type, body } of inserts) this.#insert(now, type, body);
      for (const seq of deletes) this.#delete(seq, this.#lease);
      if (claims) rows = this.#claim(this.#lease, now + leaseMs, now, room);
      this.#commit();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const { reject } of inserts) reject?.(error);
      throw error;
    }
    if (claims) this.#mayClaim = rows.length === room;
    else if (inserts.length > 0) this.#mayClaim = true;
    if (inserts.length > 0) writeSync(this.#hint, '!');
    for (const { resolve } of inserts) resolve?.();
    for (const row of rows) void this.#take(row);
  };

  async #take({ seq, type, body }: Row): Promise<void> {
    this.#running += 1;
    const unsent = (await this.#handle?.(type, JSON.parse(body) as Order)) ?? [];
    this.#running -= 1;
    this.#deletes.push(seq);
    for (const each of unsent) {
      this.#inserts.push({ type: each.type, body: JSON.stringify(each.message) });
    }
    this.#soon();
  }
}
