// Messages
export * from './message/message-brand.ts';
export * from './message/command.ts';
export * from './message/event.ts';
export * from './message/message.ts';
// Declaration files of contracts name these.
export type * from './message/message-class.ts';
export * from './message/plain-message.ts';
export * from './message/conventions.ts';
export * from './message/message-options.ts';
export * from './message/standard-schema.ts';
export * from './message/serializer.ts';
export * from './message/json-serializer.ts';
export {
  type MessageDefinition,
  definitionOf,
  describeMessage,
  isMessage,
} from './message/message-definition.ts';
export { packageCopies } from './message/package-copies.ts';
export * from './headers.ts';
export * from './errors.ts';

// Handlers and routes
export { handler, type HandlerDefinition, type HandlerOptions } from './handling/handler.ts';
export type { HandlerEntry } from './handling/handler-registry.ts';
export { type HandlerMethodDescription, readHandlerMethods } from './handling/handler-methods.ts';
export * from './handling/handler-context.ts';
export * from './handling/send-options.ts';
export * from './handling/sender.ts';
export * from './routing/routes.ts';
export { defineRoutes } from './routing/define-routes.ts';

// Sagas
export { type PlainSagaOptions, type SchemaSagaOptions, defineSaga } from './saga/define-saga.ts';
export type * from './saga/saga-definition.ts';
export type * from './saga/saga-context.ts';
export type { CorrelationKey, SagaOptions } from './saga/saga-options.ts';
export type { AnySaga, SagaEntry, SagaHints } from './saga/saga-description.ts';
export {
  type Correlate,
  type CorrelationValue,
  type FinderContext,
  type FoundSaga,
  type SagaFinder,
  finder,
} from './saga/saga-finder.ts';
export { sagaDiagram } from './saga/saga-diagram.ts';

// Endpoints
export { createEndpoint } from './endpoint/create-endpoint.ts';
export * from './endpoint/endpoint.ts';
export type { EndpointOptions } from './endpoint/endpoint-options.ts';
export type { OutboxOptions } from './outbox/outbox-options.ts';
export type { EndpointHealth, HealthStatus, MessageCounts } from './endpoint/endpoint-health.ts';
export type { EndpointDiagnostics } from './endpoint/endpoint-diagnostics.ts';

// Recoverability
export * from './recoverability/delays.ts';
export * from './recoverability/retry-at.ts';
export * from './recoverability/decide-recovery.ts';
export type {
  LaneFailure,
  RateLimitOptions,
  RecoverabilityOptions,
} from './recoverability/recoverability-options.ts';

// The pipeline
export { type AnyBehavior, type Behavior, type Next, behavior } from './pipeline/behavior.ts';
export * from './pipeline/stages.ts';
export * from './pipeline/message-mutator.ts';
export * from './envelope/envelope.ts';
export * from './topology/topology.ts';
export type { MessageEncryption } from './encryption/encryption.ts';
export type { ClaimCheckConfig } from './claim-check/claim-check.ts';
export * from './claim-check/claim-store.ts';
export * from './claim-check/claim-not-found.ts';
export * from './claim-check/memory-store.ts';
export * from './claim-check/directory-store.ts';

// Containers and persistence
export * from './container/handler-container.ts';
export * from './container/plain-container.ts';
export * from './persistence/persistence.ts';
export type * from './persistence/outbox-store.ts';
export type * from './persistence/stored-saga.ts';
export { decodeOperations, encodeOperations } from './outbox/stored-operation.ts';
export { persistenceUnavailable } from './persistence/persistence-unavailable.ts';
export * from './persistence/memory/memory-persistence.ts';
export type { MemoryStorage } from './persistence/memory/memory-storage.ts';

// Transports
export * from './transport/capabilities.ts';
export * from './transport/operations.ts';
export * from './transport/delivery.ts';
export * from './transport/held-delivery.ts';
export * from './transport/delivery-source.ts';
export * from './transport/delivery-pump.ts';
export * from './transport/transport.ts';
export * from './transport/transport-from.ts';
export { type TransportModule, transportApiVersion } from './transport/transport-module.ts';
export * from './transport/url-options.ts';
export { withoutSecrets } from './transport/without-secrets.ts';
export * from './transport/memory/memory-broker.ts';
export * from './transport/memory/memory-transport.ts';

// Time and observation
export * from './time/clock.ts';
export * from './time/duration.ts';
export * from './time/system-clock.ts';
export * from './time/until-aborted.ts';
export * from './observability/logger.ts';
export * from './observability/console-logger.ts';
export * from './observability/observer.ts';
