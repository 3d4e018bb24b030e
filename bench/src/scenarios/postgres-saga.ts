import { randomUUID } from 'node:crypto';
import {
  Command,
  MemoryBroker,
  consoleLogger,
  createEndpoint,
  defineSaga,
  memoryTransport,
} from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import pg from 'pg';
import { Gate } from '../gate.ts';
import { eachId } from '../in-flight.ts';
import { makeDatabase, onPostgresServer } from '../postgres-server.ts';
import type { Scenario, Setting } from '../scenario.ts';
import { handledWorkload } from '../subjects/handled-workload.ts';
import { type OrderProgress, SagaTwin, type Step } from '../subjects/saga-twin.ts';

const atOnce = 32;
const connections = 32;
const fillAtOnce = 256;
/** So far behind the message that starts a saga comes the one that goes on with it. */
const apart = 500;

class BillOrder extends Command('Bench.BillOrder')<{ id: number; orderId: string }> {}
class PackOrder extends Command('Bench.PackOrder')<{ id: number; orderId: string }> {}

const initialState = (): OrderProgress => ({ orderId: '', billed: false, packed: false });

export const scenario: Scenario = {
  ...onPostgresServer,
  name: 'postgres-saga',
  title: `PostgreSQL: each saga is started by one message and changed by another, with deduplication; ${atOnce} at once`,
  messages: 8_000,
  subjects: {
    async twin(setting) {
      const pool = await poolFor(setting);
      const twin = await SagaTwin.open(pool);
      const messages = new Map<number, Step>();
      return {
        async prepare({ first, size }) {
          for (let id = first; id < first + size; id += 1) {
            const { orderId, starts } = roleOf(id);
            const field = starts ? 'billed' : 'packed';
            messages.set(id, { messageId: randomUUID(), orderId, field });
          }
        },
        run: (ledger) =>
          eachId(ledger, atOnce, async (id) => {
            ledger.started(id);
            await twin.handle(messages.get(id) as Step);
            ledger.ended(id);
          }),
        arrived: () => handledSteps(pool, 'sagas', 'order_id'),
        close: () => pool.end(),
      };
    },
    async busbar(setting) {
      const pool = await poolFor(setting);
      const gate = new Gate(fillAtOnce);
      const saga = defineSaga('Bench.Shipping', { correlation: 'orderId', initialState })
        .startedBy(
          BillOrder,
          ({ orderId }) => orderId,
          async ({ id }, context) => {
            await gate.opened;
            context.state.billed = true;
            gate.ended(id);
          },
        )
        .startedBy(
          PackOrder,
          ({ orderId }) => orderId,
          async ({ id }, context) => {
            await gate.opened;
            context.state.packed = true;
            gate.ended(id);
          },
        );
      const endpoint = createEndpoint('bench', {
        transport: memoryTransport({ broker: new MemoryBroker() }),
        persistence: pgPersistence(pool),
        outbox: true,
        sagas: [saga],
        concurrency: atOnce,
        logger: consoleLogger({ level: 'warn' }),
      });
      await endpoint.start();
      const send = (id: number): Promise<void> => {
        const { orderId, starts } = roleOf(id);
        const content = { id, orderId };
        return endpoint.sendLocal(starts ? new BillOrder(content) : new PackOrder(content));
      };
      return {
        ...handledWorkload(gate, endpoint, () => pool.end(), send),
        arrived: () => handledSteps(pool, 'busbar_sagas', 'correlation'),
      };
    },
  },
};

async function poolFor(setting: Setting): Promise<pg.Pool> {
  return new pg.Pool({ connectionString: await makeDatabase(setting), max: connections });
}

/** The messages come in blocks: so many that start sagas, then those that go on with them. */
function roleOf(id: number): { readonly orderId: string; readonly starts: boolean } {
  const block = Math.floor(id / (2 * apart));
  const place = id % (2 * apart);
  return { orderId: `${block}-${place % apart}`, starts: place < apart };
}

/** The ids of the messages whose effect the sagas show. */
async function handledSteps(
  pool: pg.Pool,
  table: string,
  keyColumn: string,
): Promise<readonly number[]> {
  const { rows } = await pool.query<{ key: string; state: string }>(
    `SELECT ${keyColumn} AS key, state FROM ${table}`,
  );
  return rows.flatMap(({ key, state }) => {
    const [block = 0, place = 0] = key.split('-').map(Number);
    const id = block * 2 * apart + place;
    const ids = state.includes('"billed":true') ? [id] : [];
    return state.includes('"packed":true') ? [...ids, id + apart] : ids;
  });
}
