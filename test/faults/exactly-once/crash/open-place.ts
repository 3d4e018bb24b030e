import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledProgram } from '../../../support/bundled-program.ts';
import { createDatabase } from '../../../support/postgres/test-database.ts';
import {
  type VirtualHostOwner,
  createVirtualHost,
} from '../../../support/rabbitmq/virtual-host.ts';
import { contractsOf } from './contracts.ts';
import type { MatrixPlace } from './crash-matrix.ts';
import { Partner } from './partner.ts';
import type { StoreAddress } from './store.ts';
import { type StoreView, viewOfPostgres, viewOfSqlite } from './store-view.ts';

const shop = fileURLToPath(new URL('children/shop.ts', import.meta.url));

/** A place of the test's own, removed with it. */
export type OwnPlace = MatrixPlace & AsyncDisposable;

/** @param apart Whether the data has a file of its own, so that the messages are not in its transactions. */
export async function openSqlitePlace({ apart }: { apart: boolean }): Promise<OwnPlace> {
  const cleanUp = new AsyncDisposableStack();
  const folder = await ownFolder(cleanUp);
  const messages = path.join(folder, 'messages.db');
  const data = apart ? path.join(folder, 'data.db') : messages;
  const open = async (): Promise<StoreView> => viewOfSqlite({ messages, data });
  return openPlace(cleanUp, folder, { kind: 'sqlite', messages, data }, open);
}

export async function openPostgresPlace(
  layer: 'pg' | 'plain',
  postgres: { readonly url: string },
  broker: VirtualHostOwner,
): Promise<OwnPlace> {
  const cleanUp = new AsyncDisposableStack();
  const folder = await ownFolder(cleanUp);
  const host = cleanUp.use(await createVirtualHost(broker));
  const database = cleanUp.use(await createDatabase(postgres));
  const address = { kind: 'postgres', amqp: host.url, url: database.url, layer } as const;
  return openPlace(cleanUp, folder, address, () => viewOfPostgres(database, host.url));
}

async function openPlace(
  cleanUp: AsyncDisposableStack,
  folder: string,
  address: StoreAddress,
  open: () => Promise<StoreView>,
): Promise<OwnPlace> {
  const run = randomUUID().slice(0, 8);
  const partner = new Partner(run, contractsOf(run), address);
  await partner.start();
  const view = await open();
  cleanUp.defer(() => view.close());
  cleanUp.use(partner);
  const program = await bundledProgram(shop, folder);
  const place = { run, address, view, partner, program, folder };
  return { ...place, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
}

async function ownFolder(cleanUp: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'busbar-crash-'));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  return folder;
}
