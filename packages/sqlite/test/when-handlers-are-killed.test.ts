import { randomInt } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { createEndpoint, silentLogger } from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { PlaceOrder } from './support/order.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 120_000 });

const orders = 400;
const kills = 5;

test.each([
  ['in one file', 'bus.db'],
  ['in two files', 'data.db'],
])(
  'should have each effect once when processes are killed, with data and messages %s',
  async (_, dataName) => {
    using file = temporaryFile();
    const dataFile = `${file.folder}/${dataName}`;
    const data = new DatabaseSync(dataFile);
    data.exec(`
      PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000;
      CREATE TABLE effects (name TEXT);
      CREATE TABLE counter (value INTEGER);
      INSERT INTO counter VALUES (0);
    `);
    await using connection = await connect({ file: file.path });
    await connection.queues.provision([{ name: 'shop' }, { name: 'ledger' }]);
    const children: Child[] = [];
    const start = async (): Promise<Child> => {
      const child = new Child('shop', file.path, dataFile);
      children.push(child);
      await child.report('started');
      return child;
    };
    const handled = (): number => children.flatMap((child) => child.values('handled')).length;
    try {
      const running = await Promise.all([start(), start()]);
      const sender = createEndpoint('sender', {
        transport: sqliteTransport({ file: file.path }),
        sendOnly: true,
        logger: silentLogger,
      });
      await sender.start();
      const sending = (async () => {
        for (let number = 0; number < orders; number += 1) {
          const command = new PlaceOrder({
            order: `order ${number}`,
            ...(number % 2 === 0 ? { key: `key ${number % 6}` } : {}),
          });
          const options = { destination: 'shop', messageId: `order-${number}` };
          await sender.send(command, options);
          // Somebody who did not know whether it had been sent.
          if (number % 10 === 0) await sender.send(command, options);
        }
        await sender.stop();
      })();
      for (let kill = 0; kill < kills; kill += 1) {
        const enough = ((kill + Math.random()) * orders) / (kills + 1);
        await until(() => handled() >= enough, `${enough} orders are handled`);
        const index = randomInt(running.length);
        await running[index]?.kill();
        running[index] = await start();
      }
      await sending;
      const rowsOf = (database: DatabaseSync, sql: string): unknown =>
        database.prepare(sql).get()?.['n'];
      await until(async () => {
        const all = await connection.queues.list();
        const queue = all.find(({ name }) => name === 'shop');
        return queue?.ready === 0 && queue.delayed === 0 && queue.inFlight === 0;
      }, 'all is handled');
      const waiting =
        'SELECT (SELECT count(*) FROM busbar_outbox) + (SELECT count(*) FROM busbar_outbox_lanes) AS n';
      await until(() => rowsOf(data, waiting) === 0, 'the outbox is empty');
      for (const child of running) child.tell('stop');
      for (const child of running) expect(await child.exited).toBe(0);

      expect(rowsOf(data, 'SELECT count(DISTINCT name) AS n FROM effects')).toBe(orders);
      expect(rowsOf(data, 'SELECT count(*) AS n FROM effects')).toBe(orders);
      expect(rowsOf(data, 'SELECT value AS n FROM counter')).toBe(orders);
      const sent = await connection.queues.peek('ledger', 1e6);
      const bodies = sent.map(({ body }) => Buffer.from(body).toString());
      const ids = sent.map(({ headers }) => headers['busbar-message-id']);
      expect(new Set(bodies).size).toBe(orders);
      // A message that was sent twice has one id: who receives it can tell.
      expect(new Set(ids).size).toBe(orders);
      if (dataFile === file.path) expect(sent).toHaveLength(orders);
      const queues = await connection.queues.list();
      const errors = queues.filter(({ name, ready }) => name.includes('error') && ready > 0);
      expect(errors).toEqual([]);
    } finally {
      await Promise.all(children.map((child) => child.kill()));
      data.close();
    }
  },
);
