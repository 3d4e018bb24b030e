import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PrismaPg } from '@prisma/adapter-pg';
import { afterAll } from 'vitest';

/** What the tests use of the client that Prisma generates; the compiler sees the whole of it in its own test. */
export interface GeneratedModule {
  readonly PrismaClient: new (options: { adapter: PrismaPg }) => GeneratedClient;
}

export interface GeneratedTransaction {
  readonly account: {
    create(query: { data: { id: string; balance: number } }): PromiseLike<unknown>;
  };
  readonly order: { create(query: { data: { id: string } }): PromiseLike<unknown> };
  $queryRawUnsafe<Result = unknown>(text: string, ...values: unknown[]): PromiseLike<Result>;
  $executeRawUnsafe(text: string, ...values: unknown[]): PromiseLike<number>;
}

export interface GeneratedClient extends GeneratedTransaction {
  $transaction<Result>(
    body: (transaction: GeneratedTransaction) => Promise<Result>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<Result>;
  $disconnect(): Promise<void>;
}

const schema = `datasource db {
  provider = "postgresql"
}

generator client {
  provider            = "prisma-client"
  output              = "./client"
  importFileExtension = "ts"
}

model Account {
  id      String @id
  balance Int    @map("account_balance")

  @@map("accounts")
}

model Order {
  id String @id

  @@map("orders")
}
`;

/** Here, because the client imports `@prisma/client`; ignored by Git. */
const parent = fileURLToPath(new URL('.busbar/', import.meta.url));

/** Has Prisma generate a client into a folder of its own; takes a second. */
export async function generateClient(): Promise<{ folder: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'client-'));
  await writeFile(join(folder, 'schema.prisma'), schema);
  const cli = join(
    dirname(createRequire(import.meta.url).resolve('prisma/package.json')),
    'build/index.js',
  );
  await promisify(execFile)(process.execPath, [cli, 'generate', '--schema', 'schema.prisma'], {
    cwd: folder,
    env: {
      ...process.env,
      CHECKPOINT_DISABLE: '1',
      // It would be downloaded, and migrations alone need it: any file that exists will do.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    },
  });
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The module of the client, for a test file. */
export async function loadClient(): Promise<GeneratedModule> {
  const { folder, ...generated } = await generateClient();
  afterAll(() => generated[Symbol.asyncDispose]());
  return (await import(join(folder, 'client/client.ts'))) as GeneratedModule;
}
