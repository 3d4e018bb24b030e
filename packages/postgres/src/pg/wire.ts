import type { PoolClient } from 'pg';
import type { SqlValue } from '../data-layer.ts';

/** What a batch uses of the connection below a client of `pg`; its types do not tell, but cursors live by it, too. */
export interface WireConnection {
  readonly stream: { cork?(): void; uncork?(): void };
  /** The texts that the server has prepared on this connection, by their names. */
  readonly parsedStatements: Record<string, string | undefined>;
  parse(message: { name: string; text: string; types?: undefined }): void;
  bind(message: {
    portal: string;
    statement: string;
    values: readonly (string | null)[];
    binary: false;
  }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string; rows: undefined }): void;
  sync(): void;
}

/** The connection of a client on which a batch can be written: not that of `pg.native`, and no pipelined one. */
export function wireOf(client: PoolClient): WireConnection | undefined {
  if (client.pipeline) return undefined;
  const connection = client.connection as unknown as Partial<WireConnection> | undefined;
  const complete =
    typeof connection?.parse === 'function' &&
    typeof connection.sync === 'function' &&
    typeof connection.parsedStatements === 'object';
  return complete ? (connection as WireConnection) : undefined;
}

/** A parameter in the text form of PostgreSQL. */
export function toWire(value: SqlValue): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return `{${value.map(toElement).join(',')}}`;
}

function toElement(element: string | number): string {
  if (typeof element === 'number') return String(element);
  return `"${element.replace(/["\\]/g, String.raw`\$&`)}"`;
}
