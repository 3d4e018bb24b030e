import type { Message } from '@aws-sdk/client-sqs';
import { asError, headerNames } from '@busbar/core';
import type { NativeMessageMapping } from '../sqs-options.ts';
import type { KnownQueue } from '../topology/queue-directory.ts';
import { type ReadMessage, asForeign, fromWire, isOurs, textAttributes } from './wire-message.ts';

/** Headers and body of a received message, whoever wrote it; what cannot be read says why. */
export function readMessage(
  message: Message,
  { queue, fifo }: Pick<KnownQueue, 'queue' | 'fifo'>,
  mapping: NativeMessageMapping | undefined,
): ReadMessage {
  if (isOurs(message)) return fromWire(message);
  const read = readNative(message, queue, mapping);
  const group = message.Attributes?.MessageGroupId;
  if (!fifo || group === undefined) return read;
  // The order that its producer asked for: one receive brings several of a group.
  return { ...read, headers: { [headerNames.partitionKey]: group, ...read.headers } };
}

function readNative(
  message: Message,
  queue: string,
  mapping: NativeMessageMapping | undefined,
): ReadMessage {
  if (mapping === undefined) {
    return asForeign(
      message,
      'no Busbar endpoint wrote it, and the option `nativeMessages` is not set',
    );
  }
  const { MessageId: messageId = '', Body: body = '', Attributes } = message;
  const group = Attributes?.MessageGroupId;
  try {
    const read = mapping({
      queue,
      messageId,
      body,
      attributes: textAttributes(message),
      ...(group !== undefined && { group }),
    });
    if (read === undefined) {
      return asForeign(message, 'the option `nativeMessages` does not know it');
    }
    const wrong = whatIsWrong(read);
    if (wrong === undefined) return read;
    return asForeign(message, `the option \`nativeMessages\` returned ${wrong}`);
  } catch (error) {
    return asForeign(message, `the option \`nativeMessages\` threw: ${asError(error).message}`);
  }
}

/** A mapping in JavaScript returns whatever it does. */
function whatIsWrong(read: unknown): string | undefined {
  if (read instanceof Promise) {
    // Its rejection would end the process.
    read.catch(() => {});
    return 'a promise, and must return headers and body themselves';
  }
  const { headers, body } = Object(read) as { readonly headers?: unknown; readonly body?: unknown };
  if (!(body instanceof Uint8Array)) return 'no Uint8Array as `body`';
  if (typeof headers !== 'object' || headers === null) return 'no object as `headers`';
  const odd = Object.entries(headers).find(([, value]) => typeof value !== 'string');
  return odd === undefined ? undefined : `a header "${odd[0]}" that is no text`;
}
