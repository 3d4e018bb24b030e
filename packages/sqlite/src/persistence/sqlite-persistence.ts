import { type Persistence, type PersistenceHost } from '@busbar/core';
import { networkFileSystem } from '../network-file-system.ts';
import { SharedStore } from '../store/shared-store.ts';
import { storePath } from '../store/store-file.ts';
import { type StoreLease, acquireStore, joinStore } from '../store/store-registry.ts';
import { persistenceError } from './persistence-error.ts';
import {
  type PersistenceSettings,
  type SqlitePersistenceOptions,
  checkPersistenceOptions,
} from './persistence-options.ts';
import { SqlitePersistenceConnection } from './sqlite-persistence-connection.ts';
import type { SqliteStorage } from './sqlite-storage.ts';

/**
 * Keeps the outbox, sagas and the data of handlers in one SQLite file, which several endpoints and processes of one machine
 * may share. In the file of the embedded transport a message costs one wait for the disk, whatever it does.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function sqlitePersistence(options: SqlitePersistenceOptions): Persistence<SqliteStorage> {
  const settings = checkPersistenceOptions(options);
  return {
    name: 'sqlite',
    capabilities: { outbox: true, sagas: true },
    connect: (host) => connect(settings, host),
  };
}

async function connect(
  settings: PersistenceSettings,
  host: PersistenceHost,
): Promise<SqlitePersistenceConnection> {
  const { endpoint, logger } = host;
  const { file } = settings.store;
  try {
    const lease = await openStore(settings, host);
    const { path } = lease.store.file;
    const shared = lease.store === host.transport.store;
    logger.info({ file: path, withMessages: shared }, 'Data is in a SQLite file');
    const remote = networkFileSystem(path);
    if (remote !== undefined) {
      logger.warn(
        { file: path, fileSystem: remote },
        'The SQLite file seems to be on a network or shared file system: locks may not work there, and data may be lost or damaged',
      );
    }
    try {
      const endpointId = await numberOf(endpoint, lease.store);
      return new SqlitePersistenceConnection(lease, host, endpointId, settings.keepMs);
    } catch (error) {
      lease.release();
      throw error;
    }
  } catch (error) {
    throw persistenceError(file, error);
  }
}

/** The transport's own store when it has the file open, whatever its other settings. */
async function openStore(
  { store: settings }: PersistenceSettings,
  { clock, endpoint, logger, transport }: PersistenceHost,
): Promise<StoreLease> {
  const { store } = transport;
  if (store instanceof SharedStore && store.file.path === pathOf(settings.file)) {
    return joinStore(store);
  }
  return acquireStore(settings, clock, logger, endpoint);
}

function pathOf(file: string): string | undefined {
  try {
    return storePath(file);
  } catch {
    // Told when it is opened.
    return undefined;
  }
}

async function numberOf(endpoint: string, { file, writer }: SharedStore): Promise<number> {
  return writer.submit(() => {
    file
      .prepare('INSERT INTO busbar_endpoints (name) VALUES (?) ON CONFLICT DO NOTHING')
      .run(endpoint);
    const row = file.prepare('SELECT id FROM busbar_endpoints WHERE name = ?').get(endpoint);
    return row?.['id'] as number;
  }, true);
}
