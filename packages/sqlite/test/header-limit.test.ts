import { expect, test } from 'vitest';
import { sqliteCapabilities } from '@busbar/sqlite';
import { connect } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';

const { maxHeaderBytes } = sqliteCapabilities;

test.each([
  ['plain', 'x', 1],
  ['escaped by JSON', '"', 1],
  ['of three bytes each', '€', 3],
])('should count the bytes of names and values, %s', async (_, character, bytes) => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'queue' }]);
  const characters = Math.floor((maxHeaderBytes - 'name'.length) / bytes);
  const most = character.repeat(characters);
  const results = await connection.dispatch([
    toQueue('queue', { headers: { name: most } }),
    toQueue('queue', { headers: { name: most + character } }),
  ]);
  expect(results).toMatchObject([
    { outcome: 'confirmed' },
    { outcome: 'undeliverable', reason: expect.stringContaining(`${maxHeaderBytes}`) },
  ]);
  const [stored] = await connection.queues.peek('queue', 1);
  expect(stored?.headers['name'] === most).toBe(true);
});
