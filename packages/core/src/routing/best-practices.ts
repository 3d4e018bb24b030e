import { BusbarError, type ErrorCode } from '../errors.ts';
import type { Intent } from '../headers.ts';
import type { MessageKind } from '../message/message-brand.ts';
import type { MessageDefinition } from '../message/message-definition.ts';

interface Violation {
  readonly code: ErrorCode;
  readonly what: string;
  readonly help?: string;
}

/** What is wrong about a kind of message with an intent. Everything else is right. */
const violations: Readonly<Record<Intent, Partial<Record<MessageKind, Violation>>>> = {
  send: {
    event: { code: 'EVENT_SENT', what: 'is an event, and was sent' },
    message: {
      code: 'NOT_A_COMMAND',
      what: 'is a reply or timeout, and was sent',
      help: 'Reply with it, or declare it with Command().',
    },
  },
  publish: {
    command: { code: 'COMMAND_PUBLISHED', what: 'is a command, and was published' },
    message: { code: 'NOT_AN_EVENT', what: 'is a reply or timeout, and was published' },
  },
  reply: {
    command: { code: 'NOT_A_REPLY', what: 'is a command, and was given as a reply' },
    event: { code: 'NOT_A_REPLY', what: 'is an event, and was given as a reply' },
  },
};

/*
 * What the types of `send`, `publish` and `reply` say too, for callers whom the compiler did not check.
 */

/** @throws BusbarError EVENT_SENT, NOT_A_COMMAND */
export function checkSend(definition: MessageDefinition): void {
  check('send', definition);
}

/** @throws BusbarError COMMAND_PUBLISHED, NOT_AN_EVENT */
export function checkPublish(definition: MessageDefinition): void {
  check('publish', definition);
}

/** @throws BusbarError NOT_A_REPLY */
export function checkReply(definition: MessageDefinition): void {
  check('reply', definition);
}

function check(intent: Intent, definition: MessageDefinition): void {
  const violation = violations[intent][definition.kind];
  if (violation === undefined) return;
  throw new BusbarError(violation.code, `${definition.name} ${violation.what}.`, {
    ...(violation.help !== undefined && { help: violation.help }),
    details: { messageType: definition.name, kind: definition.kind, intent },
  });
}
