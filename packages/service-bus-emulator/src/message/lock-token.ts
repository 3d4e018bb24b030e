/** The sixteen bytes of a token, as text in the order of RFC 4122. */
export function tokenText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

export function tokenBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

/** A delivery tag is the token as .NET lays out a GUID: its first three groups are little-endian. */
export function deliveryTag(token: string): Buffer {
  const bytes = tokenBytes(token);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
