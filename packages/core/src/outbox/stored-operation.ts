import { BusbarError } from '../errors.ts';
import type { Headers } from '../headers.ts';
import type { TransportOperation } from '../transport/operations.ts';

/** A transport operation as plain JSON: the body is base64. */
interface StoredOperation extends Omit<TransportOperation, 'message'> {
  readonly headers: Headers;
  readonly body: string;
}

/** Operations as one JSON text, for a store. */
export function encodeOperations(operations: readonly TransportOperation[]): string {
  return JSON.stringify(operations.map(toStored));
}

/**
 * The operations as they were, with the same ids.
 *
 * @throws BusbarError UNDECODABLE when the text was not made by `encodeOperations`
 */
export function decodeOperations(text: string): TransportOperation[] {
  try {
    return (JSON.parse(text) as StoredOperation[]).map(fromStored);
  } catch (error) {
    throw new BusbarError('UNDECODABLE', 'Stored operations of the outbox cannot be read.', {
      help: 'Something else wrote to the table of the outbox: restore the row, or remove it.',
      cause: error,
    });
  }
}

function toStored(operation: TransportOperation): StoredOperation {
  const { message, ...rest } = operation;
  const { buffer, byteOffset, byteLength } = message.body;
  const body = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  return { ...rest, headers: message.headers, body };
}

function fromStored(stored: StoredOperation): TransportOperation {
  const { headers, body, ...rest } = stored;
  return { ...rest, message: { headers, body: new Uint8Array(Buffer.from(body, 'base64')) } };
}
