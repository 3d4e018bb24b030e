import pg from 'pg';

/** What a saga of the benchmark remembers. */
export interface OrderProgress {
  orderId: string;
  billed: boolean;
  packed: boolean;
}

/** A message of a saga, as the twin gets it. */
export interface Step {
  readonly messageId: string;
  readonly orderId: string;
  readonly field: 'billed' | 'packed';
}

const tables = [
  'CREATE TABLE handled (message_id uuid PRIMARY KEY, handled_at timestamptz NOT NULL DEFAULT now())',
  `CREATE TABLE sagas (
  order_id text PRIMARY KEY,
  version integer NOT NULL,
  state text NOT NULL
)`,
];

interface FoundSaga {
  readonly version: number;
  readonly state: string;
}

/** The statements that a saga with optimistic concurrency and deduplication must run, on `pg` alone. */
export class SagaTwin {
  readonly #pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async open(pool: pg.Pool): Promise<SagaTwin> {
    for (const text of tables) await pool.query(text);
    return new SagaTwin(pool);
  }

  async handle({ messageId, orderId, field }: Step): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const known = await client.query({
        name: 'look_up',
        text: 'SELECT 1 FROM handled WHERE message_id = $1',
        values: [messageId],
      });
      if (known.rowCount === 0) await this.#advance(client, messageId, orderId, field);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  async #advance(
    client: pg.PoolClient,
    messageId: string,
    orderId: string,
    field: Step['field'],
  ): Promise<void> {
    const { rows } = await client.query<FoundSaga>({
      name: 'find_saga',
      text: 'SELECT version, state FROM sagas WHERE order_id = $1',
      values: [orderId],
    });
    const [found] = rows;
    const state =
      found === undefined
        ? { orderId, billed: false, packed: false }
        : (JSON.parse(found.state) as OrderProgress);
    state[field] = true;
    const text = JSON.stringify(state);
    const { rowCount } = await client.query(
      found === undefined ? insertSaga(orderId, text) : updateSaga(orderId, found.version, text),
    );
    if (rowCount !== 1) throw new Error(`Saga ${orderId} was changed meanwhile.`);
    await client.query({
      name: 'store_handled',
      text: 'INSERT INTO handled (message_id) VALUES ($1)',
      values: [messageId],
    });
  }
}

function insertSaga(orderId: string, state: string): pg.QueryConfig {
  return {
    name: 'insert_saga',
    text: 'INSERT INTO sagas (order_id, version, state) VALUES ($1, 1, $2)',
    values: [orderId, state],
  };
}

function updateSaga(orderId: string, version: number, state: string): pg.QueryConfig {
  return {
    name: 'update_saga',
    text: 'UPDATE sagas SET version = version + 1, state = $3 WHERE order_id = $1 AND version = $2',
    values: [orderId, version, state],
  };
}
