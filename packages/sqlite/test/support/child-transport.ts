import type { Transport } from '@busbar/core';
import { type SqliteTransportOptions, sqliteTransport } from '@busbar/sqlite';

/** What the conformance suite's own child processes receive with. */
export function childTransport(argument: unknown): Transport {
  return sqliteTransport(argument as SqliteTransportOptions);
}
