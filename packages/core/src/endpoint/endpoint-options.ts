import type { ClaimCheckConfig } from '../claim-check/claim-check.ts';
import type { HandlerContainer } from '../container/handler-container.ts';
import type { Envelope } from '../envelope/envelope.ts';
import type { HandlerEntry } from '../handling/handler-registry.ts';
import type { MessageType } from '../message/message-brand.ts';
import type { Serializer } from '../message/serializer.ts';
import type { Logger } from '../observability/logger.ts';
import type { Observer } from '../observability/observer.ts';
import type { OutboxOptions } from '../outbox/outbox-options.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type { AnyBehavior } from '../pipeline/behavior.ts';
import type { MessageMutator } from '../pipeline/message-mutator.ts';
import type {
  RateLimitOptions,
  RecoverabilityOptions,
} from '../recoverability/recoverability-options.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { SagaEntry } from '../saga/saga-description.ts';
import type { Clock } from '../time/clock.ts';
import type { Duration } from '../time/duration.ts';
import type { Topology } from '../topology/topology.ts';
import type { LazyTransport, Transport } from '../transport/transport.ts';

/** The configuration of an endpoint: one object, checked before any connection is made. */
export interface EndpointOptions<R extends AnyRoutes = AnyRoutes, Storage = unknown> {
  /** What carries the messages: `memoryTransport()`, an adapter's own, or `transportFrom(url)`. */
  readonly transport: Transport | LazyTransport;
  /** What handles messages: classes with `@handles` methods and results of `handler(…)`, called in this order. */
  readonly handlers?: readonly HandlerEntry[];
  /** Processes that keep a state: results of `defineSaga(…)` and classes with `@saga`. They need a persistence. */
  readonly sagas?: readonly SagaEntry[];
  /** Which endpoint owns which command. @default no routes: every send names its destination */
  readonly routes?: R;
  /** Types that this endpoint must know beside those of its handlers and routes: derived events, replies. */
  readonly messages?: readonly MessageType[];
  /** Makes handler instances. @default plainContainer() */
  readonly container?: HandlerContainer;
  /** Where handlers keep data. @default none; `context.storage` then explains what to write */
  readonly persistence?: Persistence<Storage>;
  /**
   * Deduplicates by message id, and sends what handlers and sessions sent if and only if their changes commit.
   *
   * @default false
   */
  readonly outbox?: boolean | OutboxOptions;
  readonly recoverability?: RecoverabilityOptions;
  /** The most messages handled at once. Raise it for handlers that wait, lower it to spare what they call. @default 16 */
  readonly concurrency?: number;
  /** Order per `partitionKey` across processes, where the transport can. @default false */
  readonly ordered?: boolean;
  /** Sends and publishes only: no queue, no handlers, no replies. @default false */
  readonly sendOnly?: boolean;
  /**
   * A name for this instance that is unique and stable, such as the pod's. With it the instance also receives from a queue
   * of its own, and its reply queue survives a restart.
   *
   * @default a new one for each process, and no queue of its own
   */
  readonly instance?: string;
  /** Where messages go that failed for good. @default 'error' */
  readonly errorQueue?: string;
  /** Gets a copy of every handled message. @default none */
  readonly auditQueue?: string;
  /**
   * Makes the queues and those of the routed destinations at start. Without it start checks them and names what is
   * missing; `endpoint.provision()` makes them.
   *
   * @default true, but false where NODE_ENV is "production" and the transport is not embedded
   */
  readonly provision?: boolean;
  /** How long `stop()` waits for handlers before it fences them. @default '30s' */
  readonly stopDeadline?: Duration;
  /** How long `request()` waits when it is not told. @default '30s' */
  readonly requestTimeout?: Duration;
  /** Headers of every message that this endpoint sends. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly behaviors?: readonly AnyBehavior[];
  readonly mutators?: readonly MessageMutator[];
  /** Keeps large bodies outside the message. @default none: a body beyond the transport's limit is refused */
  readonly claimCheck?: ClaimCheckConfig;
  /** Makes bytes of messages. @default jsonSerializer() */
  readonly serializer?: Serializer;
  /** Further serializers to read with, chosen by the content type of the message. */
  readonly deserializers?: readonly Serializer[];
  /** Foreign envelopes to read, tried in this order before Busbar's own. */
  readonly envelopes?: readonly Envelope[];
  /** The envelope to write. @default Busbar's own */
  readonly envelope?: Envelope;
  /** The names of queues and topics. @default the endpoint's and the type's own names */
  readonly topology?: Topology;
  readonly observers?: readonly Observer[];
  /** @default consoleLogger(): JSON lines on standard error, from level info */
  readonly logger?: Logger;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /**
   * Called when something needs a human and retries alone will not do, such as an error queue that is gone. The endpoint
   * goes on trying; stop it here if that is wanted. What the hook throws is logged.
   */
  readonly onCriticalError?: (error: Error) => void;
}

/** Every option, so that a misspelt one is found. */
export const endpointOptionNames = [
  'transport',
  'handlers',
  'sagas',
  'routes',
  'messages',
  'container',
  'persistence',
  'outbox',
  'recoverability',
  'concurrency',
  'ordered',
  'sendOnly',
  'instance',
  'errorQueue',
  'auditQueue',
  'provision',
  'stopDeadline',
  'requestTimeout',
  'headers',
  'behaviors',
  'mutators',
  'claimCheck',
  'serializer',
  'deserializers',
  'envelopes',
  'envelope',
  'topology',
  'observers',
  'logger',
  'clock',
  'onCriticalError',
] as const satisfies readonly (keyof EndpointOptions)[];

/** Options of `recoverability`, for the same purpose. */
export const recoverabilityOptionNames = [
  'immediate',
  'delayed',
  'unrecoverable',
  'policy',
  'rateLimit',
  'crashGuard',
  'onLaneFailure',
] as const satisfies readonly (keyof RecoverabilityOptions)[];

/** Options of `recoverability.rateLimit`, likewise. */
export const rateLimitOptionNames = [
  'afterFailures',
  'pause',
  'longestPause',
] as const satisfies readonly (keyof RateLimitOptions)[];
