import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should lose nothing and repeat nothing when two of four processes are killed', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'in' }, { name: 'out' }]);
  const children: Child[] = [];
  const start = async (name: string): Promise<Child> => {
    const child = new Child('relay', file.path, name);
    children.push(child);
    await child.report('started');
    return child;
  };
  try {
    const [one, two, three, four] = await Promise.all(['a', 'b', 'c', 'd'].map(start));
    const random = Math.random();
    const confirmedBy = (child: Child | undefined): number =>
      child?.values('confirmed').length ?? 0;
    await until(() => confirmedBy(one) > 20 + 20 * random, 'the first has sent enough to die');
    await one?.kill();
    await until(() => confirmedBy(two) > 60 + 20 * random, 'the second has sent enough to die');
    await two?.kill();
    const five = await start('e');
    const alive = [three, four, five];
    for (const child of alive) child?.tell('stop sending');
    for (const child of alive) await child?.report('stopped sending');
    await until(async () => {
      const all = await connection.queues.list();
      const queue = all.find(({ name }) => name === 'in');
      return queue?.ready === 0 && queue.inFlight === 0;
    }, 'all is handled');
    for (const child of alive) child?.tell('stop');
    for (const child of alive) expect(await child?.exited).toBe(0);

    const confirmed = children.flatMap((child) => child.values('confirmed').flat()) as string[];
    const passedOn = await connection.queues.peek('out', 1e6);
    const ids = passedOn.map(({ headers }) => headers['busbar-message-id']);
    expect(confirmed.length).toBeGreaterThan(100);
    expect(new Set(ids).size).toBe(ids.length);
    const arrived = new Set(ids);
    expect(confirmed.filter((id) => !arrived.has(id))).toEqual([]);
  } finally {
    await Promise.all(children.map((child) => child.kill()));
  }
  const database = new DatabaseSync(file.path);
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
});
