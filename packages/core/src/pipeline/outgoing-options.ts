import { BusbarError } from '../errors.ts';
import type { Intent } from '../headers.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { type Duration, toMilliseconds } from '../time/duration.ts';
import type { TransportCapabilities } from '../transport/capabilities.ts';

/** Every option of every way to send; the public types narrow it. */
export interface OutgoingOptions {
  readonly destination?: string;
  readonly delay?: Duration;
  readonly deliverAt?: Date;
  readonly timeToBeReceived?: Duration;
  readonly messageId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly partitionKey?: string;
  readonly dispatch?: 'immediate';
}

const optionNames: ReadonlySet<string> = new Set<keyof OutgoingOptions>([
  'destination',
  'delay',
  'deliverAt',
  'timeToBeReceived',
  'messageId',
  'headers',
  'partitionKey',
  'dispatch',
]);

/** Finds what the compiler would have found: a misspelt option would otherwise do nothing, silently. */
export function checkOutgoingOptions(
  definition: MessageDefinition,
  options: OutgoingOptions,
): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(definition, 'the options are no object', 'Leave them out, or give an object.');
  }
  for (const name in options) {
    if (optionNames.has(name)) continue;
    throw new BusbarError(
      'UNKNOWN_OPTION',
      `Sending ${definition.name}: there is no option "${name}".`,
      {
        help: `The options are: ${[...optionNames].join(', ')}.`,
        details: { option: name, messageType: definition.name },
      },
    );
  }
  if (options.dispatch !== undefined && options.dispatch !== 'immediate') {
    throw invalid(
      definition,
      '`dispatch` is not "immediate"',
      "Leave it out, or write 'immediate'.",
    );
  }
  if (options.deliverAt !== undefined && !(options.deliverAt instanceof Date)) {
    throw invalid(definition, '`deliverAt` is no Date', 'Give a valid Date.');
  }
}

/** When a message may be delivered, and until when it must be handled; wall-clock milliseconds. */
export interface Timing {
  readonly deliverAt: number | undefined;
  readonly expiresAt: number | undefined;
}

/** The greatest time that a Date holds. */
export const lastMoment = 8.64e15;

const none: Timing = { deliverAt: undefined, expiresAt: undefined };

/**
 * Turns delays and times to be received into moments. The time to be received counts from the moment at which the
 * message can be received, so a delay does not use it up.
 */
export function resolveTiming(
  intent: Intent,
  options: OutgoingOptions,
  definition: MessageDefinition,
  now: number,
  capabilities: TransportCapabilities,
): Timing {
  const { delay, deliverAt: date, timeToBeReceived } = options;
  if (intent === 'publish' && (delay !== undefined || date !== undefined)) {
    const why = 'events cannot be delayed, as their subscribers are found when they are published';
    throw invalid(
      definition,
      why,
      'Send a delayed command to yourself, and publish when it comes.',
    );
  }
  const lifetime =
    timeToBeReceived === undefined
      ? definition.timeToBeReceivedMs
      : toMilliseconds(timeToBeReceived, 'timeToBeReceived');
  if (delay === undefined && date === undefined && lifetime === undefined) return none;
  const deliverAt = dueAt(delay, date, now, definition, capabilities);
  const expiresAt = lifetime === undefined ? undefined : (deliverAt ?? now) + lifetime;
  if (expiresAt !== undefined && expiresAt > lastMoment) {
    const what = `\`timeToBeReceived\` is ${lifetime} ms, beyond what a date can say`;
    throw invalid(definition, what, 'Leave it out where a message is never out of date.');
  }
  return { deliverAt, expiresAt };
}

function dueAt(
  delay: Duration | undefined,
  date: Date | undefined,
  now: number,
  definition: MessageDefinition,
  { maxDelayMs }: TransportCapabilities,
): number | undefined {
  if (delay === undefined && date === undefined) return undefined;
  if (delay !== undefined && date !== undefined) {
    throw invalid(definition, 'both `delay` and `deliverAt` are given', 'Give one of the two.');
  }
  const due = date === undefined ? now + toMilliseconds(delay as Duration, 'delay') : timeOf(date);
  if (Number.isNaN(due))
    throw invalid(definition, '`deliverAt` is no valid date', 'Give a valid Date.');
  if (due <= now) return undefined;
  if (due - now > maxDelayMs) {
    throw new BusbarError(
      'DELAY_TOO_LONG',
      `${definition.name} is delayed by ${due - now} ms; this transport holds messages for at most ${maxDelayMs} ms.`,
      { details: { messageType: definition.name, delayMs: due - now, maxDelayMs } },
    );
  }
  return due;
}

/** NaN for what only a caller without types can give. */
function timeOf(date: unknown): number {
  return date instanceof Date ? date.getTime() : Number.NaN;
}

function invalid(definition: MessageDefinition, what: string, help: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `Sending ${definition.name}: ${what}.`, {
    help,
    details: { messageType: definition.name },
  });
}
