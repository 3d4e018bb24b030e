import type { OutgoingMessage } from '../transport/operations.ts';

/**
 * Encrypts bodies on their way out and decrypts them on their way in: the port. No stage uses it yet; until one does, a
 * message mutator with `outgoingBytes` and `incomingBytes` does the same for one endpoint.
 *
 * Headers stay readable, because brokers and operators route by them. What an implementation must remember (the id of a
 * key, an initialization vector) goes into headers of its own.
 */
export interface MessageEncryption {
  /** For diagnostics, such as `aes-256-gcm`. */
  readonly name: string;
  encrypt(message: OutgoingMessage): Promise<OutgoingMessage>;
  /**
   * A message that is not encrypted comes back as it is.
   *
   * @throws BusbarError UNDECODABLE when the key is unknown or the body was changed on its way.
   */
  decrypt(message: OutgoingMessage): Promise<OutgoingMessage>;
}
