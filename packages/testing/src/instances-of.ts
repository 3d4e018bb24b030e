import type { AnyMessage, MessageType } from '@busbar/core';

/** Those of `messages` that are of the type, derived events included. */
export function instancesOf<M extends AnyMessage>(
  type: MessageType<M>,
  messages: readonly (object | undefined)[],
): readonly M[] {
  return messages.filter((message): message is M & object => message instanceof type);
}
