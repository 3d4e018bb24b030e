import type { ClaimCheckConfig, ClaimCheckSettings } from '../claim-check/claim-check.ts';
import type { HandlerContainer } from '../container/handler-container.ts';
import type { Envelope } from '../envelope/envelope.ts';
import type { HandlerRegistry } from '../handling/handler-registry.ts';
import type { Headers } from '../headers.ts';
import type { MessageRegistry } from '../message/message-registry.ts';
import type { Serializer } from '../message/serializer.ts';
import type { Logger } from '../observability/logger.ts';
import type { Observation, Observer } from '../observability/observer.ts';
import type { OutboxSettings } from '../outbox/outbox-options.ts';
import type { PersistenceConnection } from '../persistence/persistence.ts';
import type { AnyBehavior } from '../pipeline/behavior.ts';
import type { MessageMutator } from '../pipeline/message-mutator.ts';
import type { ResolvedRecoverability } from '../recoverability/recoverability-options.ts';
import type { Routes } from '../routing/routes.ts';
import type { SagaRegistry } from '../saga/saga-registry.ts';
import type { Clock } from '../time/clock.ts';
import type { Topology } from '../topology/topology.ts';
import type { TransportCapabilities } from '../transport/capabilities.ts';
import type { TransportConnection } from '../transport/transport.ts';
import type { MessageCounts } from './endpoint-health.ts';

/** What an endpoint knows from its configuration, before it is connected to anything. */
export interface EndpointSettings {
  readonly endpoint: string;
  readonly host: string;
  readonly instance: string;
  readonly sendOnly: boolean;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly inputQueue: string;
  /** The queue of this instance alone, where the configuration asks for one. */
  readonly instanceQueue: string | undefined;
  readonly replyQueue: string;
  readonly errorQueue: string;
  readonly auditQueue: string | undefined;
  /** Undefined where there is none. */
  readonly outbox: OutboxSettings | undefined;
  readonly stopDeadlineMs: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly messages: MessageRegistry;
  readonly handlers: HandlerRegistry;
  readonly sagas: SagaRegistry;
  readonly container: HandlerContainer;
  readonly routes: Routes;
  readonly topology: Topology;
  /** By content type; the first is the one that is written. */
  readonly serializers: ReadonlyMap<string, Serializer>;
  readonly serializer: Serializer;
  /** The last one is written; all are read. */
  readonly envelopes: readonly Envelope[];
  readonly writtenEnvelope: Envelope;
  readonly claimCheckConfig: ClaimCheckConfig | undefined;
  readonly observers: readonly Observer[];
  readonly behaviors: readonly AnyBehavior[];
  readonly mutators: readonly MessageMutator[];
  readonly staticHeaders: Headers;
  readonly recoverability: ResolvedRecoverability;
}

/** The settings, and what they were connected to: all that the stages work with. */
export interface EndpointServices extends EndpointSettings {
  readonly capabilities: TransportCapabilities;
  readonly claimCheck: ClaimCheckSettings | undefined;
  /** Whether queues are made, rather than only checked. */
  readonly provisions: boolean;
  readonly connection: TransportConnection;
  readonly persistence: PersistenceConnection;
  /** Counted as things happen; `health()` shows them. */
  readonly counts: MessageCounts;
  /** Undefined when nobody watches, so that an observation is not even made. */
  readonly observe: ((observation: Observation) => void) | undefined;
}
