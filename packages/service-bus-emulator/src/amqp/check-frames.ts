import { checkEncoding } from '../message/check-encoding.ts';
import type { TransportInternals } from './rhea-internals.ts';

const headerSize = 8;

/** Lets rhea read only frames whose performatives say nothing impossible of themselves. */
export function checkFrames(transport: TransportInternals): void {
  const read = transport.read.bind(transport);
  transport.read = (bytes) => {
    for (const { start, end } of framesIn(bytes, transport.header_received !== undefined)) {
      // One value: what follows it is the payload, which is looked at where it is decoded.
      checkEncoding(bytes, start, end, 1);
    }
    return read(bytes);
  };
}

function* framesIn(bytes: Buffer, hasHeader: boolean): Generator<{ start: number; end: number }> {
  let at = hasHeader ? 0 : headerSize;
  while (at + headerSize <= bytes.length) {
    const end = at + bytes.readUInt32BE(at);
    // Incomplete, and seen again when it is not; or of a size that rhea refuses.
    if (end > bytes.length || end < at + headerSize) return;
    const dataOffset = 4 * bytes.readUInt8(at + 4);
    yield { start: Math.min(at + dataOffset, end), end };
    at = end;
  }
}
