import rhea from 'rhea';

/** A value with its AMQP type, so that what a sender wrote is given on as exactly that type. */
export interface Typed {
  readonly type: { readonly name: string; readonly typecode: number };
  readonly value: unknown;
  descriptor?: Typed;
}

interface Reader {
  position: number;
  read(): Typed;
  remaining(): number;
}

interface Writer {
  write(value: Typed): void;
  toBuffer(): Buffer;
}

/** What rhea's module has at run time; its declarations leave the reader, the writer and most constructors out. */
interface AmqpTypes {
  readonly Reader: new (buffer: Buffer) => Reader;
  readonly Writer: new () => Writer;
  Null(): Typed;
  Map32(items: readonly Typed[]): Typed;
  List32(items: readonly (Typed | null)[]): Typed;
  Array32(items: readonly unknown[], typecode: number): Typed;
  wrap(value: unknown): Typed;
  wrap_boolean(value: boolean): Typed;
  wrap_ubyte(value: number): Typed;
  wrap_uint(value: number): Typed;
  wrap_int(value: number): Typed;
  wrap_long(value: number | Buffer): Typed;
  wrap_ulong(value: number): Typed;
  wrap_double(value: number): Typed;
  wrap_string(value: string): Typed;
  wrap_symbol(value: string): Typed;
  wrap_binary(value: Buffer): Typed;
  wrap_uuid(value: Buffer): Typed;
  wrap_timestamp(value: number): Typed;
  described(descriptor: Typed, value: Typed): Typed;
  unwrap(value: Typed, leaveDescribed?: boolean): unknown;
}

export const amqpTypes = rhea.types as unknown as AmqpTypes;

export const typecodes = { timestamp: 0x83, long: 0x81 } as const;

export function described(code: number, value: Typed): Typed {
  return amqpTypes.described(amqpTypes.wrap_ulong(code), value);
}

export function encode(values: readonly Typed[]): Buffer {
  const writer = new amqpTypes.Writer();
  for (const value of values) writer.write(value);
  return Buffer.from(writer.toBuffer());
}

/** A plain value as text; bytes as hexadecimal digits. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : JSON.stringify(value);
}

/** The value as JavaScript has it; longs beyond 2^53 and the like stay the eight bytes that they are. */
export function plain(value: Typed | null | undefined): unknown {
  return value === null || value === undefined ? undefined : (amqpTypes.unwrap(value) ?? undefined);
}
