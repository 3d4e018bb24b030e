/**
 * Bodies that came from the broker although they are larger than what this transport sends. Copies of them go to the
 * error queue all the same: somebody else could write them, so the broker takes them.
 */
const oversized = new WeakSet<Uint8Array>();

/** To be called for each received body; costs nothing for those within the limit. */
export function noteReceived(body: Uint8Array, maxBodyBytes: number): void {
  if (body.byteLength > maxBodyBytes) oversized.add(body);
}

/** Whether a body is too large to be sent. */
export function isTooLarge(body: Uint8Array, maxBodyBytes: number): boolean {
  return body.byteLength > maxBodyBytes && !oversized.has(body);
}

const unstorable = new WeakSet<Uint8Array>();

/** No copy of the message fits anywhere: its own headers and body use the last byte that the service takes. */
export function noteUnstorable(body: Uint8Array): void {
  unstorable.add(body);
}

export function isUnstorable(body: Uint8Array): boolean {
  return unstorable.has(body);
}
