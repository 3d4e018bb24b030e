import type { Transport, TransportConnection, TransportHost } from '@busbar/core';
import { sqliteCapabilities } from './capabilities.ts';
import { networkFileSystem } from './network-file-system.ts';
import { SqliteConnection } from './sqlite-connection.ts';
import {
  checkOptions,
  type SqliteSettings,
  type SqliteTransportOptions,
} from './sqlite-options.ts';
import { acquireStore } from './store/store-registry.ts';

/**
 * Carries messages through one SQLite file, which several processes of one machine may share. What was confirmed
 * survives the death of all of them. A started receiver keeps the process alive until it is stopped.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function sqliteTransport(options: SqliteTransportOptions): Transport {
  const settings = checkOptions(options);
  return {
    name: 'sqlite',
    address: `sqlite:${settings.file}`,
    capabilities: sqliteCapabilities,
    connect: (host) => connect(settings, host),
  };
}

async function connect(
  settings: SqliteSettings,
  host: TransportHost,
): Promise<TransportConnection> {
  const { clock, endpoint, logger } = host;
  const lease = await acquireStore(settings, clock, logger, endpoint);
  const { path } = lease.store.file;
  logger.info({ file: path, durability: settings.durability }, 'Messages are in a SQLite file');
  const remote = networkFileSystem(path);
  if (remote !== undefined) {
    logger.warn(
      { file: path, fileSystem: remote },
      'The SQLite file seems to be on a network or shared file system: locks may not work there, and messages may be lost or damaged',
    );
  }
  return new SqliteConnection(lease, host);
}
