import pg from 'pg';
import type { Order } from '../order.ts';
import type { PreparedMessage } from './amqp-twin.ts';
import { BatchedMarks } from './batched-marks.ts';
import { insertOrder, orderTable } from './order-table.ts';

/**
 * `plain` looks the message up, notes that it is handled, inserts the order and the outgoing message, commits, dispatches
 * and notes that; each statement by itself, as the pages of `pg` show it. `merged` has prepared statements and saves a row,
 * for the key of the outgoing message tells what was handled. `best` leaves out the look-up, too, since that key finds the duplicate, and notes many dispatches at once,
 * behind the acknowledgements.
 */
export type OutboxForm = 'plain' | 'merged' | 'best';

const uniqueViolation = '23505';

const outboxTable = `CREATE TABLE outbox (
  message_id uuid PRIMARY KEY,
  exchange text,
  routing_key text,
  options text,
  body text,
  created_at timestamptz NOT NULL DEFAULT now(),
  dispatched_at timestamptz
)`;

/** What `plain` has handled. */
const handledTable = `CREATE TABLE handled (
  message_id uuid PRIMARY KEY,
  handled_at timestamptz NOT NULL DEFAULT now()
)`;

/** By it a relay would find what nobody has dispatched. */
const outboxIndex = 'CREATE INDEX ON outbox (created_at) WHERE dispatched_at IS NULL';

/** An outbox as somebody would write it by hand who knows `pg` well. The row of what is sent deduplicates what came. */
export class OutboxTwin {
  readonly #pool: pg.Pool;
  readonly #form: OutboxForm;
  readonly #dispatch: (message: PreparedMessage) => Promise<void>;
  readonly #marks: BatchedMarks;

  private constructor(
    pool: pg.Pool,
    form: OutboxForm,
    dispatch: (message: PreparedMessage) => Promise<void>,
  ) {
    this.#pool = pool;
    this.#form = form;
    this.#dispatch = dispatch;
    this.#marks = new BatchedMarks(async (ids) => {
      await pool.query({
        name: 'mark_all',
        text: 'UPDATE outbox SET dispatched_at = now(), options = NULL, body = NULL WHERE message_id = ANY ($1)',
        values: [ids],
      });
    });
  }

  static async open(
    pool: pg.Pool,
    form: OutboxForm,
    dispatch: (message: PreparedMessage) => Promise<void>,
  ): Promise<OutboxTwin> {
    for (const text of [orderTable, handledTable, outboxTable, outboxIndex]) await pool.query(text);
    return new OutboxTwin(pool, form, dispatch);
  }

  /** Ends when the message may be acknowledged. */
  async handle(messageId: string, order: Order, outgoing: PreparedMessage): Promise<void> {
    const known =
      this.#form === 'best'
        ? await this.#storeAtBest(messageId, order, outgoing)
        : await this.#storePlainly(messageId, order, outgoing);
    const message = known ? await this.#undispatched(messageId) : outgoing;
    if (message === undefined) return;
    await this.#dispatch(message);
    if (this.#form === 'best') this.#marks.add(messageId);
    else
      await this.#pool.query(
        this.#form === 'plain' ? unprepared(mark(messageId)) : mark(messageId),
      );
  }

  async waiting(): Promise<number> {
    const text = 'SELECT count(*)::integer AS count FROM outbox WHERE dispatched_at IS NULL';
    const { rows } = await this.#pool.query<{ count: number }>(text);
    return rows[0]?.count ?? 0;
  }

  /** Tells whether the message was known already. */
  async #storePlainly(id: string, order: Order, outgoing: PreparedMessage): Promise<boolean> {
    const client = await this.#pool.connect();
    const isPlain = this.#form === 'plain';
    const run = (query: pg.QueryConfig): Promise<pg.QueryResult> =>
      client.query(isPlain ? unprepared(query) : query);
    try {
      await client.query('BEGIN');
      const { rowCount } = await run(lookUp(isPlain ? 'handled' : 'outbox', id));
      if (rowCount !== 0) {
        await client.query('ROLLBACK');
        return true;
      }
      if (isPlain) await run(insertHandled(id));
      await run(insertOrder(order));
      await run(insertOutgoing(id, outgoing));
      await client.query('COMMIT');
      return false;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** What does not depend on each other is sent at once, which takes effect where the pool has `pipeline`. */
  async #storeAtBest(id: string, order: Order, outgoing: PreparedMessage): Promise<boolean> {
    const client = await this.#pool.connect();
    try {
      await Promise.all([client.query('BEGIN'), client.query(insertOrder(order))]);
      await Promise.all([client.query(insertOutgoing(id, outgoing)), client.query('COMMIT')]);
      return false;
    } catch (error) {
      await client.query('ROLLBACK');
      if ((error as pg.DatabaseError).code === uniqueViolation) return true;
      throw error;
    } finally {
      client.release();
    }
  }

  async #undispatched(id: string): Promise<PreparedMessage | undefined> {
    const { rows } = await this.#pool.query<StoredMessage>(
      'SELECT exchange, routing_key, options, body FROM outbox WHERE message_id = $1 AND dispatched_at IS NULL',
      [id],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const options = JSON.parse(row.options) as PreparedMessage['options'];
    const content = Buffer.from(row.body);
    return { exchange: row.exchange, routingKey: row.routing_key, content, options };
  }
}

interface StoredMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly options: string;
  readonly body: string;
}

function unprepared({ text, values = [] }: pg.QueryConfig): pg.QueryConfig {
  return { text, values };
}

function lookUp(table: 'handled' | 'outbox', id: string): pg.QueryConfig {
  return {
    name: 'look_up',
    text: `SELECT 1 FROM ${table} WHERE message_id = $1`,
    values: [id],
  };
}

function insertHandled(id: string): pg.QueryConfig {
  return {
    name: 'insert_handled',
    text: 'INSERT INTO handled (message_id) VALUES ($1)',
    values: [id],
  };
}

function insertOutgoing(id: string, message: PreparedMessage): pg.QueryConfig {
  const { exchange, routingKey, options, content } = message;
  return {
    name: 'insert_outgoing',
    text: 'INSERT INTO outbox (message_id, exchange, routing_key, options, body) VALUES ($1, $2, $3, $4, $5)',
    values: [id, exchange, routingKey, JSON.stringify(options), content.toString()],
  };
}

function mark(id: string): pg.QueryConfig {
  return {
    name: 'mark',
    text: 'UPDATE outbox SET dispatched_at = now() WHERE message_id = $1',
    values: [id],
  };
}
