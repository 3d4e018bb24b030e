import { stageDescriptions } from '../pipeline/stages.ts';
import type { EndpointSettings } from './endpoint-services.ts';
import { neededQueues, neededTopics } from './provisioning.ts';

/** The configuration of an endpoint as one JSON document without secrets: for the log, a support case, a test. */
export interface EndpointDiagnostics {
  readonly endpoint: string;
  readonly instance: string;
  readonly host: string;
  readonly node: string;
  readonly transport: {
    readonly address: string;
    readonly name?: string;
    readonly capabilities?: object;
  };
  readonly persistence: string;
  readonly container: string;
  readonly outbox: boolean;
  readonly sendOnly: boolean;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly queues: readonly string[];
  readonly errorQueue: string;
  readonly auditQueue: string | null;
  readonly subscriptions: readonly string[];
  readonly routes: Readonly<Record<string, string>>;
  readonly handlers: Readonly<Record<string, readonly string[]>>;
  /** The sagas by name, each with what its messages are to it, such as `startedBy Sales.OrderPlaced`. */
  readonly sagas: Readonly<Record<string, readonly string[]>>;
  readonly messages: readonly string[];
  readonly recoverability: object;
  readonly serializers: readonly string[];
  readonly envelopes: readonly string[];
  /** Every stage with what it does and the behaviours registered to it. */
  readonly pipeline: readonly {
    readonly stage: string;
    readonly does: string;
    readonly behaviors: readonly string[];
  }[];
}

/** What only a started endpoint, or its options, know. */
export interface DiagnosticsContext {
  readonly transport: EndpointDiagnostics['transport'];
  readonly persistence: string;
}

/** Makes the document. Header values, URLs with credentials and stores' secrets are not part of it. */
export function describeEndpoint(
  settings: EndpointSettings,
  context: DiagnosticsContext,
): EndpointDiagnostics {
  const { routes, handlers, sagas, recoverability, messages } = settings;
  return {
    endpoint: settings.endpoint,
    instance: settings.instance,
    host: settings.host,
    node: process.version,
    transport: context.transport,
    persistence: context.persistence,
    container: settings.container.name,
    outbox: settings.outbox !== undefined,
    sendOnly: settings.sendOnly,
    concurrency: settings.concurrency,
    ordered: settings.ordered,
    queues: neededQueues(settings).map((queue) => queue.name),
    errorQueue: settings.errorQueue,
    auditQueue: settings.auditQueue ?? null,
    subscriptions: neededTopics(settings),
    routes: Object.fromEntries(
      routes.commands().map(({ name }) => [name, routes.destinationOf(name) ?? '']),
    ),
    handlers: Object.fromEntries(
      handlers
        .messageDefinitions()
        .map(({ name, chain }) => [
          name,
          handlers.bindingsFor(chain).map((binding) => binding.name),
        ]),
    ),
    sagas: Object.fromEntries(
      sagas
        .descriptions()
        .map(({ name, bindings }) => [
          name,
          bindings.map(({ role, messageDefinition }) => `${role} ${messageDefinition.name}`),
        ]),
    ),
    messages: messages.definitions().map(({ name, kind }) => `${kind} ${name}`),
    recoverability: {
      immediate: recoverability.immediate,
      delayed: {
        attempts: recoverability.delayed.attempts,
        delays: recoverability.delayed.description,
      },
      unrecoverable: recoverability.unrecoverable.map((type) => type.name),
      policy: recoverability.policy.name,
      rateLimit: recoverability.rateLimit ?? null,
      crashGuard: recoverability.crashGuard,
      onLaneFailure: recoverability.onLaneFailure,
    },
    serializers: [...settings.serializers.keys()],
    envelopes: settings.envelopes.map((envelope) => envelope.name),
    pipeline: Object.entries(stageDescriptions).map(([stage, does]) => ({
      stage,
      does,
      behaviors: settings.behaviors.filter((each) => each.stage === stage).map((each) => each.name),
    })),
  };
}
