import { Buffer } from 'node:buffer';

/** Deeper ones are left to their text. */
const mostNested = 32;
/** amqplib writes greater ones, and fractions of greater ones, as something else or not at all. */
const mostFraction = 2 ** 50;
const shortBytes = 255;
const mostPlaces = 255;
const mostDigits = 2 ** 32 - 1;

/**
 * Whether amqplib writes a header value that it has read as it was. Not all: an entry `!` of somebody's table says to it
 * what type the table is.
 */
export function isWritable(value: unknown, depth = 1): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return isWritableNumber(value);
  if (typeof value !== 'object' || depth > mostNested) return false;
  if (Buffer.isBuffer(value)) return true;
  if (Array.isArray(value)) return value.every((each) => isWritable(each, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  if (Object.hasOwn(value, '!')) return isMarked(value as Marked);
  return Object.entries(value).every(
    ([name, each]) => Buffer.byteLength(name) <= shortBytes && isWritable(each, depth + 1),
  );
}

function isWritableNumber(value: number): boolean {
  return (
    Number.isSafeInteger(value) || (!Number.isInteger(value) && Math.abs(value) < mostFraction)
  );
}

/** Of a type that JavaScript lacks. */
interface Marked {
  readonly '!': unknown;
  readonly value?: unknown;
}

function isMarked({ '!': type, value }: Marked): boolean {
  if (type === 'timestamp') return Number.isSafeInteger(value) && (value as number) >= 0;
  if (type !== 'decimal' || typeof value !== 'object' || value === null) return false;
  const { places, digits } = value as { readonly places?: unknown; readonly digits?: unknown };
  return isUpTo(places, mostPlaces) && isUpTo(digits, mostDigits);
}

function isUpTo(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}
