import { Buffer, isUtf8 } from 'node:buffer';
import { BusbarError } from '../errors.ts';
import { describeMessage } from './message-definition.ts';
import type { Serializer } from './serializer.ts';

/** How much a JSON body may ask of its reader. */
export interface JsonSerializerOptions {
  /**
   * How deep objects and arrays may be nested; the outermost is 1. Raise it only for contracts that need it: code that
   * walks a body recursively, schemas among it, overflows its stack on deep ones.
   *
   * @default 100
   */
  readonly maxDepth?: number;
}

/**
 * JSON in UTF-8, the default.
 *
 * What JSON cannot hold, it loses as `JSON.stringify` does: `undefined`, functions and symbols are left out; NaN and
 * infinities become null; a Date becomes its ISO string; a Map or Set becomes an empty object; integers beyond 2^53 are
 * rounded when read. A schema on the message type finds such losses at the sender. BigInt and cycles are errors.
 *
 * Refused when read: what is not UTF-8 or not JSON, nesting beyond `maxDepth`, and the keys by which a careless merge
 * would change prototypes (`__proto__`, and `constructor` with a `prototype` in it). A byte order mark is skipped.
 *
 * @throws BusbarError INVALID_CONFIGURATION when `maxDepth` is no positive integer
 */
export function jsonSerializer(options: JsonSerializerOptions = {}): Serializer {
  const { maxDepth = 100 } = options;
  if (!Number.isInteger(maxDepth) || maxDepth < 1 || maxDepth > 1000) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `jsonSerializer: maxDepth is ${String(maxDepth)}.`,
      {
        help: 'Write an integer from 1 to 1000.',
      },
    );
  }
  return {
    contentType: 'application/json',
    serialize,
    deserialize: (body) => deserialize(body, maxDepth),
  };
}

function serialize(value: object): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason =
      cause instanceof Error ? (cause.message.split('\n', 1)[0] as string) : String(cause);
    throw notSerializable(value, `JSON cannot hold it: ${reason}`, cause);
  }
  if (text === undefined || !(text.startsWith('{') || text.startsWith('['))) {
    throw notSerializable(value, 'its toJSON() gives no object');
  }
  return Buffer.from(text, 'utf8');
}

function notSerializable(value: object, reason: string, cause?: unknown): BusbarError {
  const name = describeMessage(value)?.name ?? value?.constructor?.name ?? typeof value;
  return new BusbarError(
    'SERIALIZATION_FAILED',
    `The message ${name} cannot be serialized: ${reason}.`,
    {
      cause,
      details: { messageType: name },
    },
  );
}

function deserialize(body: Uint8Array, maxDepth: number): unknown {
  if (!isUtf8(body)) throw undecodable('it is not UTF-8');
  const bytes =
    body instanceof Buffer ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw undecodable(
      text === '' ? 'it is empty' : `it is not JSON: ${(cause as Error).message}`,
      cause,
    );
  }
  if (typeof value === 'object' && value !== null) {
    const danger = findDanger(value, maxDepth);
    if (danger !== undefined) {
      throw undecodable(
        danger === 'depth' ? `it is nested deeper than ${maxDepth}` : `it has the key ${danger}`,
      );
    }
  }
  return value;
}

/**
 * The first thing in a parsed body that is not to be let in.
 *
 * Looking at the parsed value costs a tenth of parsing it, less than a search of the text does, and no escape sequence
 * can hide a key from it. The engine's parser does not recurse, so that any depth can get here; this recurses no
 * deeper than `depth`.
 */
function findDanger(value: object, depth: number): string | undefined {
  if (depth === 0) return 'depth';
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (typeof item !== 'object' || item === null) continue;
      const found = findDanger(item, depth - 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  // Parsed objects inherit nothing enumerable, so for-in gives own keys, and is the fastest way to them.
  for (const key in value) {
    if (key === '__proto__') return key;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item !== 'object' || item === null) continue;
    if (key === 'constructor' && Object.hasOwn(item, 'prototype')) return 'constructor.prototype';
    const found = findDanger(item, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function undecodable(reason: string, cause?: unknown): BusbarError {
  return new BusbarError('UNDECODABLE', `The body cannot be read: ${reason}.`, {
    cause,
    details: { reason },
  });
}
