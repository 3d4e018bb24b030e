/**
 * Every error code with the help that is printed when the thrower has nothing more exact to say.
 *
 * `docs/errors.md` lists the same codes with the same help; a test keeps the two equal.
 */
export const errorCatalogue = {
  // Messages
  INVALID_MESSAGE_NAME:
    'Give the message type a name of 1 to 200 characters without spaces, commas or semicolons.',
  INVALID_MESSAGE_OPTIONS: 'Correct the declaration of the message type.',
  NOT_A_MESSAGE:
    'Make the class with Command(), Event() or Message(), or declare a plain class with command(), event() or message().',
  DUPLICATE_MESSAGE_NAME:
    'Give one of the two classes another name, or import the same class in both places.',
  MESSAGE_INVALID: 'Correct the message, or the schema of its type.',
  SERIALIZATION_FAILED:
    'Keep to values that the serializer supports: JSON takes no BigInt and no cycles.',
  UNDECODABLE:
    'Look at the original bytes in the error queue; the sender wrote something that this endpoint cannot read.',
  UNKNOWN_MESSAGE_TYPE:
    'Register the type by a handler or in `messages`, or deploy the version that knows it.',
  NO_HANDLER: 'Add a handler for the type to `handlers`, or stop routing it to this endpoint.',
  MESSAGE_TOO_LARGE:
    'Send less, or configure `claimCheck` so that large bodies travel outside the message.',
  HEADERS_TOO_LARGE: 'Send fewer or shorter headers.',
  INVALID_HEADER:
    'Header names and values are strings; names starting with `busbar-` belong to the framework.',

  // Routing
  NO_ROUTE:
    'Add the command to `defineRoutes({ owner: [Command] })`, or name a `destination` in the options.',
  DUPLICATE_ROUTE: 'Leave the command with the one endpoint that owns it.',
  NOT_A_COMMAND:
    'Only commands have an owner; subscribers of an event name themselves by their handlers.',
  EVENT_SENT: 'Publish the event; send is for commands.',
  COMMAND_PUBLISHED: 'Send the command to its owner; publish is for events.',
  NOT_AN_EVENT: 'Publish a type made by Event(); replies and timeouts have one receiver.',
  NOT_A_REPLY: 'Reply with a type made by Message().',
  MISSING_PARTITION_KEY:
    'Publish it with { partitionKey }, or declare the event without `ordered: true`.',
  NO_REPLY_ADDRESS:
    'Reply only to messages whose sender can receive: the sender is send-only or foreign.',
  SEND_OUTSIDE_CONTEXT:
    "Use `context.send` or `context.publish` inside a handler, so that the message leaves only if the handler succeeds; `{ dispatch: 'immediate' }` sends now all the same.",
  REQUEST_IN_HANDLER:
    'Send a command and handle its reply; a request inside a handler would wait for its own transaction.',
  REQUEST_TIMEOUT:
    'Raise `timeout`, or look in the error queue of the endpoint that should have replied.',
  REQUEST_ABORTED: 'The caller aborted the request, or the endpoint stopped before the reply came.',

  // Dispatch
  UNDELIVERABLE:
    'Start or provision the destination, or correct the route; nothing was stored for it.',
  OUTCOME_UNKNOWN:
    'Each message may or may not have been stored. Send it again with the same id where the receiver deduplicates.',
  DISPATCH_REFUSED:
    'Call next() in the behaviour, or throw an error that says why the message must not leave.',
  DELIVERY_LOST:
    'The delivery was lost while the handler ran; another attempt owns the message now, and nothing of this one was sent.',
  DELAY_TOO_LONG: 'Choose a shorter delay, or a transport that holds messages longer.',

  // Handlers
  HANDLER_WITHOUT_METHODS:
    'Mark at least one method with @handles(Message), and make sure that the decorators ran.',
  INVALID_HANDLER:
    'Pass a class with @handles methods, or the result of handler(Message, function).',
  NEXT_CALLED_TWICE: 'Call next() once; a behaviour that wants to retry throws instead.',
  CRASH_LOOP:
    'The process died each time while this message was handled alone. Mend the handler, then replay the message.',
  HANDLER_RESOLUTION_FAILED:
    'Bind the handler class in the container, or give it a constructor without parameters.',

  // Configuration
  INVALID_CONFIGURATION: 'Correct the setting that the message names.',
  UNKNOWN_OPTION: 'Remove the option, or correct its spelling.',
  INVALID_DURATION: "Write milliseconds as a number, or '250ms', '5s', '10m', '2h', '7d'.",
  MISSING_PERSISTENCE:
    'Add a persistence to the configuration of the endpoint, for example `persistence: memoryPersistence()`.',
  MISSING_CLAIM_CHECK:
    "Add `claimCheck: { store: directoryStore('…') }` to the configuration of the endpoint.",
  UNSUPPORTED_BY_TRANSPORT: 'Choose the alternative that the message names, or another transport.',
  UNKNOWN_TRANSPORT: 'Write one of the schemes that the message lists.',
  MISSING_PACKAGE: 'Install the package with the command in the message.',
  INCOMPATIBLE_PACKAGE:
    'Install versions of the Busbar packages that belong together; all are released with equal versions.',
  MISSING_SUBSCRIPTION:
    'Provision the endpoint, or let it provision at start with `provision: true`.',
  MISSING_QUEUE: 'Provision the endpoint, or let it provision at start with `provision: true`.',

  // Lifecycle
  NOT_STARTED: 'Call `await endpoint.start()` first.',
  ALREADY_STARTED: 'Start an endpoint once; make a new one after it has stopped.',
  STOPPED: 'The endpoint was stopped; make a new one.',
  STOP_IN_HANDLER:
    'Tell the code that owns the endpoint, and stop there: inside a handler the stop would wait for that very handler.',
  SEND_ONLY: 'Remove `sendOnly: true` to receive, or the handlers.',
  ERROR_QUEUE_UNAVAILABLE:
    'Bring the error queue back; nothing was acknowledged, and the receiver tries again by itself.',
  TRANSPORT_UNAVAILABLE:
    'Check that the broker or file in the message can be reached; the endpoint tries again by itself once it has started.',

  // Persistence, claim check, outbox
  PERSISTENCE_UNAVAILABLE:
    'Bring the database back; nothing was acknowledged, and the endpoint tries again by itself once it has started.',
  MISSING_TABLE:
    'Run the SQL that the message names, or let the persistence make its tables at start.',
  TRANSACTION_ENDED:
    'Leave the end of the transaction to the endpoint: throw to undo it, return to commit it.',
  TRANSACTION_CONFLICT:
    'Another transaction changed the same rows: a message is handled again at once, a session is for its caller to try again.',
  MISSING_OUTBOX: 'Add `outbox: true` and a persistence to the configuration of the endpoint.',
  STORAGE_MISUSED:
    'Keep to what the storage of the persistence takes; the message names the statement or function.',
  SESSION_IN_HANDLER:
    'A handler has a transaction already: use `context.storage` and `context.send` or `context.publish`.',
  CLAIM_NOT_FOUND:
    'The stored body is gone: keep claims at least as long as messages can wait, error queue included.',
  OUTBOX_CONFLICT:
    'Another attempt stored this message first; this one is undone and the stored result is used.',

  // Sagas
  INVALID_SAGA: 'Correct the definition of the saga.',
  SAGA_CORRELATION_MISSING:
    'Send the message with its correlation value: a string of 1 to 200 characters, a safe integer or a bigint.',
  SAGA_CORRELATION_CHANGED:
    'Leave the id and the correlation property of a saga as they are; start another saga for another value.',
  SAGA_STATE_INVALID:
    'Correct what the handlers write, or raise `version` and let `migrate` make the present form of what is stored.',
  SAGA_CONFLICT:
    'Another message changed the saga at the same time; the message is handled again with what it left.',

  // Foreign errors that were not thrown as an Error
  NOT_AN_ERROR: 'Throw an instance of Error, so that its stack is known.',
} as const;

/** A stable code; it never changes its meaning. */
export type ErrorCode = keyof typeof errorCatalogue;

/** What an error may say beyond its code and sentence. */
export interface BusbarErrorOptions {
  /** What to do, where it is known better than the catalogue's text. */
  readonly help?: string;
  readonly cause?: unknown;
  /** The message, queue or setting that it is about; plain values without secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand = Symbol.for('busbar.error');

/**
 * Every error that Busbar throws on purpose.
 *
 * `instanceof` holds across two copies of the package, because identity is a registered symbol.
 */
export class BusbarError extends Error {
  readonly code: ErrorCode;
  readonly help: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: BusbarErrorOptions = {}) {
    const help = options.help ?? errorCatalogue[code];
    super(
      `${message} ${help} [${code}]`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'BusbarError';
    this.code = code;
    this.help = help;
    this.details = options.details ?? {};
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== BusbarError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** `thrown` as an Error: what is none is wrapped, with what it was in the text. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new BusbarError(
    'NOT_AN_ERROR',
    `Something that is no Error was thrown: ${describe(thrown)}.`,
    {
      cause: thrown,
    },
  );
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 200);
  try {
    // What JSON has no words for (undefined, a function, a symbol) is told by its type.
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? typeof value : text.slice(0, 200);
  } catch {
    return typeof value;
  }
}
