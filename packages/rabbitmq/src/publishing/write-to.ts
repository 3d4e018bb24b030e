import type { ConfirmChannel } from 'amqplib';
import type { Publication } from './publication.ts';

/** Of a channel of amqplib, what its own `publish` is made of. */
interface Parts {
  sendMessage(method: object, properties: object, content: Buffer): boolean;
  pushConfirmCallback(confirmed: Confirmed): void;
}

type Confirmed = (error: Error | null) => void;

/**
 * Writes what `channel.publish` would. That one makes the headers the prototype of an object that is empty; then the engine
 * keeps a shape for each table of headers, and walking it takes as long as all the rest of publishing.
 */
export function writeTo(
  channel: ConfirmChannel,
  { exchange, routingKey, content, options }: Publication,
  confirmed: Confirmed,
): void {
  const parts = channel as unknown as Parts;
  const { expiration } = options;
  const known = 'sendMessage' in channel && 'pushConfirmCallback' in channel;
  if (!known || options.CC !== undefined || options.BCC !== undefined) {
    channel.publish(exchange, routingKey, content, options, confirmed);
    return;
  }
  parts.sendMessage(
    { exchange, routingKey, mandatory: options.mandatory === true },
    {
      contentType: options.contentType,
      contentEncoding: options.contentEncoding,
      headers: options.headers,
      deliveryMode: options.persistent === true ? 2 : 1,
      priority: options.priority,
      correlationId: options.correlationId,
      replyTo: options.replyTo,
      expiration: expiration === undefined ? undefined : String(expiration),
      messageId: options.messageId,
      timestamp: options.timestamp,
      type: options.type,
      userId: options.userId,
      appId: options.appId,
    },
    content,
  );
  parts.pushConfirmCallback(confirmed);
}
