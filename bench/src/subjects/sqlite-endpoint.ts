import { join } from 'node:path';
import {
  type Endpoint,
  type EndpointOptions,
  type HandlerEntry,
  consoleLogger,
  createEndpoint,
} from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';

/** As many handlers as the twin has, and nothing else that is not a default: full durability among it. */
export function sqliteEndpoint(
  directory: string,
  concurrency: number,
  handlers: readonly HandlerEntry[],
  options: Partial<EndpointOptions> = {},
): Endpoint {
  return createEndpoint('bench', {
    transport: sqliteTransport({ file: join(directory, 'bench.db') }),
    handlers,
    concurrency,
    logger: consoleLogger({ level: 'warn' }),
    ...options,
  });
}
