/** Turns a message into bytes and back. A serializer knows no message types: it sees plain values. */
export interface Serializer {
  /** What the content-type header of its bodies says, such as `application/json`. */
  readonly contentType: string;
  /** @throws BusbarError SERIALIZATION_FAILED when the value has something that the format cannot hold */
  serialize(value: object): Uint8Array;
  /** @throws BusbarError UNDECODABLE when the bytes are not of the format, or dangerous */
  deserialize(body: Uint8Array): unknown;
}
