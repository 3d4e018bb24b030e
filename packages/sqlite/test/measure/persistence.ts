/* oxlint-disable no-console */
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Command, type HandlerContext, createEndpoint, handler, silentLogger } from '@busbar/core';
import { type SqliteStorage, sqlitePersistence, sqliteTransport } from '@busbar/sqlite';
import { temporaryFile } from '../support/temporary-file.ts';

// Messages per second that write a row and send a message: without an outbox, and with it in one file and in two.
// node --conditions=@busbar/source packages/sqlite/test/measure/persistence.ts [messages] [durability]
class Work extends Command('Measure.Work')<{ number: number }> {}
class Done extends Command('Measure.Done')<{ number: number }> {}

const messages = Number(process.argv[2] ?? 3_000);
const durability = process.argv[3] === 'normal' ? 'normal' : 'full';

async function measure(outbox: boolean, apart: boolean): Promise<string> {
  using file = temporaryFile();
  const data = apart ? `${file.folder}/data.db` : file.path;
  const database = new DatabaseSync(data);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (number INTEGER PRIMARY KEY)');
  database.close();
  const transport = sqliteTransport({ file: file.path, durability });
  const finished = Promise.withResolvers<void>();
  let count = 0;
  const endpoint = createEndpoint('measure', {
    transport,
    persistence: sqlitePersistence({ file: data, durability }),
    ...(outbox ? { outbox: true } : {}),
    concurrency: 64,
    logger: silentLogger,
    handlers: [
      handler(Work, async ({ number }, context: HandlerContext<never, SqliteStorage>) => {
        context.storage.run('INSERT INTO t (number) VALUES (?)', number);
        await context.send(new Done({ number }), { destination: 'done' });
        count += 1;
        if (count === messages) finished.resolve();
      }),
    ],
  });
  const sender = createEndpoint('sender', { transport, sendOnly: true, logger: silentLogger });
  await endpoint.provision();
  await sender.start();
  const done = createEndpoint('done', {
    transport,
    handlers: [handler(Done, () => {})],
    logger: silentLogger,
  });
  await done.provision();
  const numbers = Array.from({ length: messages }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => sender.send(new Work({ number }), { destination: 'measure' })),
  );
  const cpu = process.cpuUsage();
  const start = performance.now();
  await endpoint.start();
  await finished.promise;
  await endpoint.stop();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await sender.stop();
  rmSync(data, { force: true });
  return `${Math.round(messages / seconds)}/s, ${Math.round((user + system) / messages)} µs CPU each`;
}

for (let round = 0; round < 3; round += 1) {
  console.log(`without outbox, one file:  ${await measure(false, false)}`);
  console.log(`with outbox, one file:     ${await measure(true, false)}`);
  console.log(`with outbox, two files:    ${await measure(true, true)}`);
}
