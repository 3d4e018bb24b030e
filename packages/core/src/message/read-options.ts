import { BusbarError } from '../errors.ts';
import { toMilliseconds } from '../time/duration.ts';
import type { MessageKind, MessageType } from './message-brand.ts';
import { type MessageDefinition, definitionOf } from './message-definition.ts';
import { checkMessageName } from './message-name.ts';
import type { MessageOptions } from './message-options.ts';
import { type MessageSchema, isStandardSchema } from './standard-schema.ts';

/** The options of all three kinds, as far as they are known to be right. */
export interface LooseOptions extends MessageOptions {
  readonly schema?: MessageSchema | undefined;
  readonly reply?: MessageType | undefined;
  readonly extends?: MessageType | undefined;
  readonly ordered?: boolean;
}

const known: Readonly<Record<MessageKind, readonly string[]>> = {
  command: ['schema', 'reply', 'timeToBeReceived'],
  event: ['schema', 'extends', 'ordered', 'timeToBeReceived'],
  message: ['schema', 'timeToBeReceived'],
};

/** The definition of a message type, but for its class. Checks what the compiler could not see. */
export function readOptions(
  kind: MessageKind,
  name: string,
  options: LooseOptions,
): { definition: Omit<MessageDefinition, 'type'>; base: MessageDefinition | undefined } {
  checkMessageName(name);
  if (typeof options !== 'object' || options === null)
    throw invalid(name, 'Its options are not an object.');
  for (const key of Object.keys(options)) {
    if (!known[kind].includes(key)) {
      throw invalid(
        name,
        `It has the unknown option '${key}'; ${kind} types know: ${known[kind].join(', ')}.`,
      );
    }
  }
  if ('schema' in options && !isStandardSchema(options.schema)) {
    throw invalid(
      name,
      options.schema === undefined
        ? 'Its schema is undefined, most often by a circular import.'
        : "Its schema is no Standard Schema: it has no '~standard' property.",
    );
  }
  const base = 'extends' in options ? definitionOf(options.extends) : undefined;
  if (base !== undefined && base.kind !== 'event')
    throw invalid(name, `It extends ${base.name}, which is no event.`);
  const reply = 'reply' in options ? definitionOf(options.reply) : undefined;
  if (reply !== undefined && reply.kind !== 'message') {
    throw invalid(name, `Its reply ${reply.name} is not made by Message().`);
  }
  const ordered = options.ordered ?? base?.ordered ?? false;
  if (base !== undefined && ordered !== base.ordered) {
    throw invalid(
      name,
      `Its 'ordered' differs from that of ${base.name}, whose subscribers get it too.`,
    );
  }
  const timeToBeReceivedMs =
    options.timeToBeReceived === undefined
      ? base?.timeToBeReceivedMs
      : toMilliseconds(options.timeToBeReceived, `timeToBeReceived of ${name}`);
  if (timeToBeReceivedMs === 0)
    throw invalid(name, "With 'timeToBeReceived' 0 no message of it would ever arrive.");
  if (base?.chain.includes(name) === true)
    throw invalid(name, 'It extends an event of its own name.');
  return {
    base,
    definition: {
      name,
      kind,
      chain: [name, ...(base?.chain ?? [])],
      ordered,
      ...(options.schema !== undefined && { schema: options.schema }),
      ...(timeToBeReceivedMs !== undefined && { timeToBeReceivedMs }),
      ...(reply !== undefined && { reply: reply.type }),
    },
  };
}

/** An error about the declaration of the message type `name`. */
export function invalid(name: string, reason: string): BusbarError {
  return new BusbarError(
    'INVALID_MESSAGE_OPTIONS',
    `The message ${name} is not declared well. ${reason}`,
    {
      details: { messageType: name },
    },
  );
}
