import { handler } from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import pg from 'pg';
import { Gate } from '../gate.ts';
import { order } from '../order.ts';
import { makeDatabase, onPostgresServer, postgresProblem } from '../postgres-server.ts';
import { brokerProblem, declareEvents, drain, namesFor, onRabbitMq } from '../rabbitmq-broker.ts';
import type { Scenario, Setting, Subject } from '../scenario.ts';
import { AmqpTwin } from '../subjects/amqp-twin.ts';
import { handledWorkload } from '../subjects/handled-workload.ts';
import { OrderPlaced, PlaceOrder } from '../subjects/order-messages.ts';
import { insertOrder, orderTable } from '../subjects/order-table.ts';
import { type OutboxForm, OutboxTwin } from '../subjects/outbox-twin.ts';
import { rabbitMqEndpoint } from '../subjects/rabbitmq-endpoint.ts';
import { settledOrders } from '../subjects/settled-outbox.ts';

const atOnce = 32;
const connections = 32;
const fillAtOnce = 256;

export const scenarios = [false, true].map((pipeline): Scenario => {
  const poolFor = async (setting: Setting): Promise<pg.Pool> =>
    new pg.Pool({ connectionString: await makeDatabase(setting), max: connections, pipeline });
  const twin =
    (form: OutboxForm): Subject =>
    async (setting) => {
      const names = namesFor(setting);
      await declareEvents(names, 'quorum');
      const pool = await poolFor(setting);
      const outbox = await OutboxTwin.open(pool, form, (message) => bus.dispatch(message));
      const gate = new Gate(fillAtOnce);
      const bus = await AmqpTwin.open({
        names,
        queueType: 'quorum',
        atOnce,
        busbarHeaders: true,
        async handle(command, properties) {
          await gate.opened;
          const event = order(command.id, command.sentAt);
          const prepared = bus.prepareEvent('Bench.OrderPlaced', event, properties);
          await outbox.handle(properties.messageId as string, command, prepared);
          gate.ended(command.id);
        },
      });
      return {
        ...gate.workload(
          (id) => bus.send('Bench.PlaceOrder', order(id)),
          async () => {
            await bus.close();
            await pool.end();
          },
        ),
        arrived: async () =>
          settledOrders(pool, () => outbox.waiting(), await drain(names.eventQueue)),
      };
    };
  return {
    name: pipeline ? 'postgres-outbox-pipeline' : 'postgres-outbox',
    title: `PostgreSQL and RabbitMQ: store an order and its event, commit, dispatch, acknowledge; ${atOnce} at once${pipeline ? ', pools with pipeline: true' : ''}`,
    messages: 8_000,
    // Few pools are so, and none of the targets is about them.
    targets: pipeline
      ? []
      : [
          { twin: 'twin-plain', leastSpeed: 1.5 },
          { twin: 'twin-best', leastSpeed: 0.85 },
        ],
    problem: async () => (await postgresProblem()) ?? brokerProblem(),
    async cleanUp(setting) {
      await onPostgresServer.cleanUp(setting);
      await onRabbitMq.cleanUp(setting);
    },
    subjects: {
      'twin-plain': twin('plain'),
      'twin-merged': twin('merged'),
      'twin-best': twin('best'),
      async busbar(setting) {
        const names = namesFor(setting);
        await declareEvents(names, 'quorum');
        const pool = await poolFor(setting);
        await pool.query(orderTable);
        const gate = new Gate(fillAtOnce);
        const place = handler(PlaceOrder, async (command, context) => {
          await gate.opened;
          await (context.storage as pg.PoolClient).query(insertOrder(command));
          await context.publish(new OrderPlaced(order(command.id, command.sentAt)));
          gate.ended(command.id);
        });
        const options = { persistence: pgPersistence(pool), outbox: true };
        const endpoint = await rabbitMqEndpoint(names, 'quorum', atOnce, [place], options);
        await endpoint.start();
        return {
          ...handledWorkload(gate, endpoint, () => pool.end()),
          arrived: async () =>
            settledOrders(pool, () => undispatched(pool), await drain(names.eventQueue)),
        };
      },
    },
  };
});

async function undispatched(pool: pg.Pool): Promise<number> {
  const text = 'SELECT count(*)::integer AS count FROM busbar_outbox';
  const { rows } = await pool.query<{ count: number }>(text);
  return rows[0]?.count ?? 0;
}
