import type { StoredOperation } from '../persistence/persistence.ts';
import type { TransportOperation } from '../transport/operations.ts';

/** The operation as plain JSON. */
export function toStored(operation: TransportOperation): StoredOperation {
  const { message, ...rest } = operation;
  return { ...rest, headers: message.headers, body: Buffer.from(message.body).toString('base64') };
}

/** The operation as it was, with the same ids. */
export function fromStored(stored: StoredOperation): TransportOperation {
  const { headers, body, ...rest } = stored;
  return { ...rest, message: { headers, body: new Uint8Array(Buffer.from(body, 'base64')) } };
}
