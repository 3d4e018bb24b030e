import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { generateClient } from './generate-client.ts';

const use = `import type { Persistence } from '@busbar/core';
import { PrismaPg } from '@prisma/adapter-pg';
import { prismaPersistence } from '../../../../src/prisma/index.ts';
import { type Prisma, PrismaClient } from './client/client.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Storage<P> = P extends Persistence<infer S> ? S : never;

const client = new PrismaClient({ adapter: new PrismaPg('') });
const plain = prismaPersistence(client);
export const same: Same<Storage<typeof plain>, Prisma.TransactionClient> = true;

const extended = prismaPersistence(
  client.$extends({ model: { account: { richest: () => Promise.resolve(7) } } }),
);
declare const transaction: Storage<typeof extended>;
export const richest: Promise<number> = transaction.account.richest();
// @ts-expect-error -- not within a transaction
void transaction.$disconnect();
// @ts-expect-error -- no client
prismaPersistence({});
`;

const compilerOptions = {
  noEmit: true,
  composite: false,
  declaration: false,
  declarationMap: false,
  rewriteRelativeImportExtensions: false,
  tsBuildInfoFile: null,
};

test('should type the storage as the transaction of the client that was generated', async () => {
  await using generated = await generateClient();
  const { folder } = generated;
  const config = {
    extends: '../../../../../../tsconfig.base.json',
    compilerOptions,
    files: ['use.ts'],
  };
  await writeFile(join(folder, 'use.ts'), use);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = fileURLToPath(new URL('../../../../node_modules/.bin/tsc', import.meta.url));
  const compiled = promisify(execFile)(tsc, ['-p', folder]);
  await expect(compiled).resolves.toMatchObject({ stdout: '' });
});
