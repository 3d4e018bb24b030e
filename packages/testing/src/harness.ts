import type {
  AnyRoutes,
  Clock,
  Duration,
  Endpoint,
  EndpointOptions,
  Headers,
  MemoryBroker,
  MessageType,
  AnyMessage,
  Observation,
  Queues,
  Transport,
} from '@busbar/core';
import type { CapturedLogger } from './captured-logger.ts';
import type { FailedMessage } from './failed-message.ts';
import type { AttemptRecord, ObservationRecord, OutgoingRecord } from './message-spy.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Options of `createHarness`. */
export interface HarnessOptions<C extends Clock = VirtualClock> {
  /** What carries the messages of endpoints that name no transport. @default an in-memory one of this harness alone */
  readonly transport?: Transport;
  /** The time of the endpoints. Give `systemClock` where a transport needs real time. @default a new VirtualClock */
  readonly clock?: C;
  /** The longest real time that any one wait may take before it fails and names what it waits for. @default '4s' */
  readonly limit?: Duration;
}

/** Options of an endpoint in a harness: transport, clock and logger are there already. */
export interface HarnessEndpointOptions<
  R extends AnyRoutes = AnyRoutes,
  Storage = unknown,
> extends Omit<EndpointOptions<R, Storage>, 'transport'> {
  readonly transport?: EndpointOptions['transport'];
}

/** A message for {@link Harness.inject}. */
export interface RawMessage {
  readonly headers?: Headers;
  /** Text is written as UTF-8. @default no bytes */
  readonly body?: Uint8Array | string;
}

/**
 * Endpoints of one test, the broker and the time they share, and what they did. Dispose it, and everything is stopped.
 */
export interface Harness<C extends Clock = VirtualClock> extends AsyncDisposable {
  readonly clock: C;
  /** The broker of the in-memory transport. */
  readonly broker: MemoryBroker;
  readonly transport: Transport;
  readonly logger: CapturedLogger;
  /** Makes an endpoint; `start()` starts it with the others. Several may have the same name. */
  endpoint<R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    name: string,
    options?: HarnessEndpointOptions<R, Storage>,
  ): Endpoint<R, Storage>;
  /** Starts the endpoints that are not started. */
  start(): Promise<void>;
  /** Stops all endpoints. On a virtual clock a handler that hangs is fenced at its deadline, at once in real time. */
  stop(): Promise<void>;
  /**
   * Waits until nothing is in a handler and nothing that could be is in a queue. What is delayed waits for
   * {@link Harness.advance}.
   *
   * @throws Error that names what is in flight, when the limit is over.
   */
  settled(): Promise<void>;
  /**
   * Lets time pass: moves the clock from one due timer or delayed message to the next, and has everything settle at
   * each. A handler that waits for something else than the clock is left where it is.
   */
  advance(by: Duration): Promise<void>;
  /** Waits until the condition holds; for states in between, where nothing settles. `what` is for the error. */
  until(condition: () => boolean | Promise<boolean>, what?: string): Promise<void>;

  /** Commands of this type that endpoints have sent, in order. */
  sent<M extends AnyMessage>(type: MessageType<M>): readonly M[];
  /** Events of this type, derived ones included, that endpoints have published, in order. */
  published<M extends AnyMessage>(type: MessageType<M>): readonly M[];
  /** Replies of this type that endpoints have given, in order. */
  replied<M extends AnyMessage>(type: MessageType<M>): readonly M[];
  /** Messages of this type that were handled; one for each endpoint that did. */
  handled<M extends AnyMessage>(type: MessageType<M>): readonly M[];
  /** The errors of attempts at messages of this type, in order. */
  failures(type: MessageType): readonly Error[];
  /** What endpoints told their observers of one kind, such as `moved-to-error`. */
  observed<K extends Observation['kind']>(
    kind: K,
  ): readonly Extract<ObservationRecord, { readonly kind: K }>[];
  /** Everything that left, with headers and destinations. */
  readonly outgoing: readonly OutgoingRecord[];
  /** Every attempt that came as far as the handlers. */
  readonly attempts: readonly AttemptRecord[];

  /** What is in an error queue, the oldest first. @param queue by default `error` */
  errorQueue(queue?: string): Promise<readonly FailedMessage[]>;
  /** Moves failed messages back to the queues where they failed; returns how many there were. */
  replay(queue?: string): Promise<number>;
  /** Puts a message into a queue as a foreign sender would. */
  inject(queue: string, message: RawMessage): Promise<void>;
  /** The queues of the transport, for looking at. */
  queues(): Promise<Queues>;
}
