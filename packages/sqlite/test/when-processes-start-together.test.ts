import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should make the tables once, whoever of eight comes first', async () => {
  using file = temporaryFile('made/on/the/way/bus.db');
  const names = Array.from({ length: 8 }, (_, index) => `queue-${index}`);
  const children = names.map((name) => new Child('starter', file.path, name));
  try {
    await Promise.all(children.map((child) => child.report('ready')));
    for (const child of children) child.tell('go');
    for (const child of children) {
      expect((await child.report('done')).value).toEqual([{ outcome: 'confirmed' }]);
    }
    expect(await Promise.all(children.map((child) => child.exited))).toEqual(names.map(() => 0));
  } finally {
    await Promise.all(children.map((child) => child.kill()));
  }
  await using connection = await connect({ file: file.path });
  expect(await connection.queues.missing([...names, 'shared'])).toEqual([]);
  const shared = await connection.queues.peek('shared', 100);
  const ids = shared.map(({ headers }) => headers['busbar-message-id']);
  expect(new Set(ids)).toEqual(new Set(names));
  expect(ids).toHaveLength(names.length);
});
