import { invalidArgument } from '../broker/broker-fault.ts';
import { tokenText } from '../message/lock-token.ts';
import { plain, type Typed } from '../message/amqp-types.ts';
import { mapEntries } from '../message/map-entries.ts';

/** The map in the body of a request to `$management`, read with the types that each operation documents. */
export class ManagementRequest {
  readonly operation: string;
  readonly #fields: ReadonlyMap<string, Typed>;

  constructor(operation: string, body: Typed | undefined) {
    this.operation = operation;
    this.#fields = mapEntries(body);
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.#missing(name);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.#plain(name);
    return typeof value === 'string' ? value : undefined;
  }

  integer(name: string, ifMissing?: number): number {
    const value = this.#plain(name) ?? ifMissing;
    if (value === undefined) throw this.#missing(name);
    return integer(value, name);
  }

  integers(name: string): number[] {
    return this.#list(name).map((value) => integer(value, name));
  }

  tokens(name: string): string[] {
    return this.#list(name).map((value) => {
      if (!Buffer.isBuffer(value) || value.length !== 16) throw this.#missing(name);
      return tokenText(value);
    });
  }

  bytes(name: string): Buffer | null {
    const value = this.#plain(name);
    return Buffer.isBuffer(value) ? Buffer.from(value) : null;
  }

  map(name: string): ReadonlyMap<string, Typed> {
    return mapEntries(this.#fields.get(name));
  }

  maps(name: string): ReadonlyMap<string, Typed>[] {
    const list = this.#fields.get(name)?.value;
    return Array.isArray(list) ? (list as Typed[]).map(mapEntries) : [];
  }

  #plain(name: string): unknown {
    return plain(this.#fields.get(name));
  }

  #list(name: string): unknown[] {
    const value = this.#plain(name);
    if (!Array.isArray(value) || value.length === 0) throw this.#missing(name);
    return value;
  }

  #missing(name: string): Error {
    return invalidArgument(`The request '${this.operation}' needs a proper '${name}'.`);
  }
}

function integer(value: unknown, name: string): number {
  // Longs that a double cannot hold arrive as their eight bytes.
  const number =
    Buffer.isBuffer(value) && value.length === 8 ? Number(value.readBigInt64BE()) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    throw invalidArgument(`'${name}' must be a whole number.`);
  }
  return number;
}
