import { BusbarError, asError } from '@busbar/core';

/** What an error of the SDK means to us. */
export type FailureKind =
  /** The queue, topic or subscription does not exist. */
  | 'missing'
  /** The lock of the message or session is not ours any more. */
  | 'lost'
  | 'too-large'
  | 'unauthorized'
  /** The service refuses for now: throttled, full, disabled. Nothing was done. */
  | 'refused'
  /** No answer came; what was asked may have been done. */
  | 'unanswered'
  | 'other';

const kinds: Readonly<Record<string, FailureKind>> = {
  MessagingEntityNotFound: 'missing',
  MessageEntityNotFoundError: 'missing',
  MessageLockLost: 'lost',
  MessageNotFound: 'lost',
  SessionLockLost: 'lost',
  MessageSizeExceeded: 'too-large',
  UnauthorizedAccess: 'unauthorized',
  UnauthorizedRequestError: 'unauthorized',
  ServiceBusy: 'refused',
  ServerBusyError: 'refused',
  QuotaExceeded: 'refused',
  QuotaExceededError: 'refused',
  MessagingEntityDisabled: 'refused',
  ServiceTimeout: 'unanswered',
  ServiceCommunicationProblem: 'unanswered',
};

/** What the sockets and the resolver of Node say. */
const networkCode = /^(?:E[A-Z]{4,}|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

const closedByUs = /^The receiver for .* has been closed and can no longer be used/;
const alreadySettled = /already (?:been )?settled/;

/**
 * What the SDK throws after several tries is all that went wrong with them. The last one counts; but that a message was
 * settled already it says of any that was answered, even with a refusal.
 */
function lastOf(thrown: unknown): unknown {
  const { errors } = (thrown ?? {}) as { readonly errors?: unknown };
  if (!Array.isArray(errors) || errors.length === 0) return thrown;
  const telling = errors.filter((each: unknown) => !alreadySettled.test(messageOf(each)));
  return telling.at(-1) ?? errors.at(-1);
}

function messageOf(thrown: unknown): string {
  const { message } = (thrown ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : '';
}

/** What `thrown` by the SDK means. */
export function kindOf(failure: unknown): FailureKind {
  const thrown = lastOf(failure);
  const { code, statusCode, condition } = (thrown ?? {}) as {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly condition?: unknown;
  };
  if (typeof code === 'string') {
    const kind = kinds[code];
    if (kind !== undefined) return kind;
    if (networkCode.test(code)) return 'unanswered';
  }
  if (statusCode === 401 || statusCode === 403) return 'unauthorized';
  if (statusCode === 404) return 'missing';
  if (condition === 'amqp:unauthorized-access') return 'unauthorized';
  const message = messageOf(thrown);
  // A receiver that we closed ourselves holds nothing any more.
  if (alreadySettled.test(message) || closedByUs.test(message)) return 'lost';
  return 'other';
}

/** True for what the SDK says when our own process has closed what it was asked to use. */
export function isAbort(thrown: unknown): boolean {
  return (lastOf(thrown) as { readonly name?: unknown } | undefined)?.name === 'AbortError';
}

/** What the SDK says, in one line, without the tracking ids that it ends with. */
export function textOf(thrown: unknown): string {
  const { message, name } = asError(lastOf(thrown));
  const [line = ''] = message.split(/\s*(?:\n|\bTrackingId:|Reference:)/, 1);
  const text = line.trim();
  return text === '' ? name : text;
}

/**
 * An error of the SDK as one of ours, for those who started or operate something.
 *
 * @param what what was tried, such as `receiving from the queue "sales"`
 */
export function toBusbarError(thrown: unknown, what: string, host: string): BusbarError {
  if (thrown instanceof BusbarError) return thrown;
  const text = textOf(thrown);
  const details = { namespace: host };
  const kind = kindOf(thrown);
  if (kind === 'missing') {
    return new BusbarError('MISSING_QUEUE', `${capital(what)} failed: ${text}`, {
      details,
      cause: thrown,
    });
  }
  if (kind === 'unauthorized') {
    return new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `Azure Service Bus at ${host} refused ${what}: ${text}`,
      {
        help: 'Check the key or credential, and that it has the rights: Listen to receive, Send to send, Manage to provision.',
        details,
        cause: thrown,
      },
    );
  }
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `${capital(what)} at Azure Service Bus (${host}) failed: ${text}`,
    { details, cause: thrown },
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
