import { Buffer } from 'node:buffer';

/** The parts of amqplib's connection that read frames. */
export interface FrameReader {
  /** What was received and not read yet. */
  rest: Buffer;
  /** The next frame, or false when it has not been received whole. */
  recvFrame(): unknown;
}

/** A frame that announces a message, as amqplib decodes it. */
interface ContentHeader {
  readonly fields: { headers?: Record<string, unknown> | null };
}

/** In front of the payload: type, channel, size. */
const frameHeadBytes = 7;
const contentHeaderType = 2;
/** In front of the properties: class, weight, body size, flags. */
const flagsAt = frameHeadBytes + 12;
const propertiesAt = flagsAt + 2;
const contentTypeFlag = 0x80_00;
const contentEncodingFlag = 0x40_00;
const headersFlag = 0x20_00;
const frameEnd = 0xce;

/** The bytes of a value by its type; what is a text has its length in front. */
const valueBytes: Readonly<Record<string, number>> = {
  V: 0,
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  D: 5,
  l: 8,
  L: 8,
  d: 8,
  T: 8,
};
const withLength = 'SxAF';

/** What stands for a value that cannot be decoded, such as ten thousand lists in each other. */
const undecodable = '…';

/**
 * Has `reader` decode header tables value by value when amqplib 2.3 cannot decode one as a whole. It throws at unsigned
 * numbers of 64 bits and at deep nesting, and the connection would end over the same message each time it comes. And it
 * assigns to `__proto__`, which hides headers behind it: of an object over bytes nobody can assign to the name `63`.
 */
export function readAnyHeaders(reader: FrameReader): void {
  const receive = reader.recvFrame.bind(reader);
  reader.recvFrame = (): unknown => {
    const { rest } = reader;
    try {
      const frame = receive();
      return hidesHeaders(frame) ? (byValue(reader, rest, receive) ?? frame) : frame;
    } catch (error) {
      if (reader.rest === rest) throw error;
      const frame = byValue(reader, rest, receive);
      if (frame === undefined) throw error;
      return frame;
    }
  };
}

function hidesHeaders(frame: unknown): boolean {
  const headers = (frame as Partial<ContentHeader> | undefined)?.fields?.headers;
  if (headers === undefined || headers === null) return false;
  return Object.getPrototypeOf(headers) !== Object.prototype;
}

/** The frame at the beginning of `rest`, which has been read; undefined when it has no table. */
function byValue(reader: FrameReader, rest: Buffer, receive: () => unknown): unknown {
  const table = findTable(rest);
  if (table === undefined) return undefined;
  const behind = reader.rest;
  const decode = (bytes: Buffer): ContentHeader => {
    reader.rest = withTable(rest, table, bytes);
    return receive() as ContentHeader;
  };
  try {
    const frame = decode(Buffer.alloc(0));
    frame.fields.headers = headersIn(rest.subarray(table.start, table.end), decode);
    return frame;
  } finally {
    reader.rest = behind;
  }
}

/** Where the entries of a header table are. */
interface Table {
  readonly start: number;
  readonly end: number;
}

function findTable(frame: Buffer): Table | undefined {
  if (frame[0] !== contentHeaderType) return undefined;
  const flags = frame.readUInt16BE(flagsAt);
  if ((flags & headersFlag) === 0) return undefined;
  let at = propertiesAt;
  if ((flags & contentTypeFlag) !== 0) at += 1 + frame.readUInt8(at);
  if ((flags & contentEncodingFlag) !== 0) at += 1 + frame.readUInt8(at);
  const start = at + 4;
  return { start, end: start + frame.readUInt32BE(at) };
}

/** The frame with other entries in its table, and nothing behind it. */
function withTable(frame: Buffer, { start, end }: Table, bytes: Buffer): Buffer {
  const size = frame.readUInt32BE(3);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  const made = Buffer.concat([
    frame.subarray(0, start - length.length),
    length,
    bytes,
    frame.subarray(end, frameHeadBytes + size),
    Buffer.of(frameEnd),
  ]);
  made.writeUInt32BE(made.length - frameHeadBytes - 1, 3);
  return made;
}

/** What is behind a value of a type that nobody knows is left out: nobody knows where it begins. */
function headersIn(
  table: Buffer,
  decode: (table: Buffer) => ContentHeader,
): Record<string, unknown> {
  const headers: Record<string, unknown> = {};
  let at = 0;
  while (at < table.length) {
    const typeAt = at + 1 + table.readUInt8(at);
    const name = table.toString('utf8', at + 1, typeAt);
    const type = String.fromCharCode(table[typeAt] ?? 0);
    const end = endOfValue(table, typeAt + 1, type);
    if (end === undefined) {
      headers[name] = undecodable;
      break;
    }
    if (type === 'L') headers[name] = String(table.readBigUInt64BE(typeAt + 1));
    else
      Object.assign(
        headers,
        decodedOr(() => decode(table.subarray(at, end)), name),
      );
    at = end;
  }
  return headers;
}

function decodedOr(decode: () => ContentHeader, name: string): Record<string, unknown> {
  try {
    return decode().fields.headers ?? {};
  } catch {
    return { [name]: undecodable };
  }
}

function endOfValue(table: Buffer, at: number, type: string): number | undefined {
  const bytes = valueBytes[type];
  if (bytes !== undefined) return at + bytes;
  return withLength.includes(type) ? at + 4 + table.readUInt32BE(at) : undefined;
}
