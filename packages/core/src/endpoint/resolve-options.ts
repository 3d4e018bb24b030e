import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { plainContainer } from '../container/plain-container.ts';
import { nativeEnvelope } from '../envelope/envelope.ts';
import { BusbarError } from '../errors.ts';
import { HandlerRegistry } from '../handling/handler-registry.ts';
import { jsonSerializer } from '../message/json-serializer.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { MessageRegistry } from '../message/message-registry.ts';
import { consoleLogger } from '../observability/console-logger.ts';
import { guardedLogger } from '../observability/guarded-logger.ts';
import { withFields } from '../observability/logger.ts';
import { type OutboxOptions, outboxOptionNames } from '../outbox/outbox-options.ts';
import { addUserHeaders, noHeaders } from '../pipeline/outgoing-headers.ts';
import { stageDescriptions } from '../pipeline/stages.ts';
import { resolveRecoverability } from '../recoverability/recoverability-options.ts';
import { noRoutes } from '../routing/define-routes.ts';
import { SagaRegistry } from '../saga/saga-registry.ts';
import { systemClock } from '../time/system-clock.ts';
import { toMilliseconds } from '../time/duration.ts';
import { defaultTopology } from '../topology/topology.ts';
import { checkShapes } from './check-shapes.ts';
import {
  type EndpointOptions,
  endpointOptionNames,
  rateLimitOptionNames,
  recoverabilityOptionNames,
} from './endpoint-options.ts';
import type { EndpointSettings } from './endpoint-services.ts';

/**
 * The options with every default in place, checked as far as that is possible without a connection.
 *
 * @throws BusbarError naming the setting and the fix.
 */
export function resolveOptions(name: string, options: EndpointOptions): EndpointSettings {
  checkName('The name of the endpoint', name);
  checkShapes(name, options);
  checkKnown('', options, endpointOptionNames);
  checkKnown('recoverability.', options.recoverability ?? {}, recoverabilityOptionNames);
  const { rateLimit = {} } = options.recoverability ?? {};
  checkKnown('recoverability.rateLimit.', rateLimit, rateLimitOptionNames);
  checkTransport(options);
  const topology = options.topology ?? defaultTopology;
  const instance = options.instance ?? `${hostname()}-${randomUUID().slice(0, 8)}`;
  if (options.instance !== undefined) checkName('instance', options.instance);
  const sendOnly = options.sendOnly ?? false;
  const handlers = new HandlerRegistry(options.handlers ?? []);
  const sagas = new SagaRegistry(options.sagas ?? []);
  for (const what of ['handlers', 'sagas'] as const) {
    if (!sendOnly || (options[what]?.length ?? 0) === 0) continue;
    throw new BusbarError('SEND_ONLY', `Endpoint "${name}" is send-only but has ${what}.`);
  }
  const serializer = options.serializer ?? jsonSerializer();
  const routes = options.routes ?? noRoutes();
  const writtenEnvelope = options.envelope ?? nativeEnvelope;
  const settings: EndpointSettings = {
    endpoint: name,
    host: hostname(),
    instance,
    sendOnly,
    concurrency: checkConcurrency(options.concurrency ?? 16),
    ordered: options.ordered ?? false,
    inputQueue: topology.inputQueue(name),
    instanceQueue:
      options.instance === undefined || sendOnly
        ? undefined
        : topology.instanceQueue(name, instance),
    replyQueue: topology.replyQueue(name, instance),
    errorQueue: options.errorQueue ?? 'error',
    auditQueue: options.auditQueue,
    outbox: resolveOutbox(options.outbox),
    stopDeadlineMs: toMilliseconds(options.stopDeadline ?? '30s', 'stopDeadline'),
    requestTimeoutMs: toMilliseconds(options.requestTimeout ?? '30s', 'requestTimeout'),
    clock: options.clock ?? systemClock,
    logger: withFields(guardedLogger(options.logger ?? consoleLogger()), { endpoint: name }),
    messages: collectMessages(options, [
      ...handlers.messageDefinitions(),
      ...sagas.messageDefinitions(),
    ]),
    handlers,
    sagas,
    container: options.container ?? plainContainer(),
    routes,
    topology,
    serializers: new Map(
      [...(options.deserializers ?? []), serializer].map((each) => [each.contentType, each]),
    ),
    serializer,
    envelopes: [
      ...(options.envelopes ?? []),
      ...(writtenEnvelope === nativeEnvelope ? [] : [writtenEnvelope]),
      nativeEnvelope,
    ],
    writtenEnvelope,
    claimCheckConfig: options.claimCheck,
    observers: options.observers ?? [],
    behaviors: options.behaviors ?? [],
    mutators: options.mutators ?? [],
    staticHeaders: staticHeaders(options.headers),
    recoverability: resolveRecoverability(options.recoverability),
  };
  checkQueues(settings);
  checkOutbox(settings, options);
  checkSagas(settings, options);
  checkBehaviors(settings);
  return settings;
}

function collectMessages(
  options: EndpointOptions,
  handled: readonly MessageDefinition[],
): MessageRegistry {
  const messages = new MessageRegistry(options.messages ?? []);
  for (const definition of handled) messages.add(definition.type);
  for (const command of options.routes?.commands() ?? []) messages.add(command.type);
  for (const { reply } of messages.definitions()) if (reply !== undefined) messages.add(reply);
  return messages;
}

const forbiddenInNames = /[\s\p{Cc}\p{Cf}\p{Cs};,]/u;
const longestName = 200;

function checkName(setting: string, value: unknown): void {
  if (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= longestName &&
    !forbiddenInNames.test(value)
  ) {
    return;
  }
  throw invalid(
    setting,
    value,
    `a name of 1 to ${longestName} characters without spaces, commas or semicolons`,
  );
}

function checkKnown(prefix: string, options: object, known: readonly string[]): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `There is no option "${prefix}${option}".`, {
      help: `The options are: ${known.map((each) => prefix + each).join(', ')}.`,
      details: { option: `${prefix}${option}` },
    });
  }
}

function checkTransport({ transport }: EndpointOptions): void {
  const candidate = transport as Partial<Record<'connect' | 'load', unknown>> | undefined;
  if (typeof candidate?.connect === 'function' || typeof candidate?.load === 'function') return;
  throw invalid(
    'transport',
    transport,
    "a transport, such as memoryTransport() or transportFrom('sqlite:.busbar/dev.db')",
  );
}

function checkConcurrency(concurrency: number): number {
  if (Number.isInteger(concurrency) && concurrency >= 1) return concurrency;
  throw invalid('concurrency', concurrency, 'a whole number from 1');
}

/** @throws BusbarError INVALID_CONFIGURATION */
export { checkConcurrency };

function checkQueues(settings: EndpointSettings): void {
  const { endpoint, inputQueue, instanceQueue, replyQueue, sendOnly } = settings;
  const own = new Map([
    [inputQueue, 'input queue'],
    [instanceQueue, 'instance queue'],
    [replyQueue, 'reply queue'],
  ]);
  for (const setting of ['errorQueue', 'auditQueue'] as const) {
    const queue = settings[setting];
    if (queue === undefined) continue;
    checkName(setting, queue);
    const role = own.get(queue);
    if (sendOnly || role === undefined) continue;
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `${setting} is "${queue}", the ${role} of endpoint "${endpoint}" itself.`,
      {
        help: 'Name another queue: a copy would be handled as a new message, for ever.',
        details: { setting },
      },
    );
  }
}

function resolveOutbox(outbox: EndpointOptions['outbox'] = false): EndpointSettings['outbox'] {
  if (outbox === false) return undefined;
  if (outbox !== true && (typeof outbox !== 'object' || outbox === null)) {
    throw invalid('outbox', outbox, "true, or options such as { relayAfter: '10s' }");
  }
  const { relayAfter = '10s', relayEvery = '1s' }: OutboxOptions = outbox === true ? {} : outbox;
  if (outbox !== true) checkKnown('outbox.', outbox, outboxOptionNames);
  const relayEveryMs = toMilliseconds(relayEvery, 'outbox.relayEvery');
  if (relayEveryMs === 0) throw invalid('outbox.relayEvery', relayEvery, 'a time above 0');
  return { relayAfterMs: toMilliseconds(relayAfter, 'outbox.relayAfter'), relayEveryMs };
}

function checkOutbox(
  { endpoint, outbox }: EndpointSettings,
  { persistence }: EndpointOptions,
): void {
  if (outbox === undefined) return;
  if (persistence === undefined) {
    throw new BusbarError(
      'MISSING_PERSISTENCE',
      `Endpoint "${endpoint}" has \`outbox: true\` but no persistence.`,
      {
        details: { endpoint },
      },
    );
  }
  if (persistence.capabilities.outbox) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The persistence "${persistence.name}" has no outbox.`,
    {
      help: 'Remove `outbox: true`, or choose a persistence with an outbox.',
      details: { setting: 'outbox' },
    },
  );
}

function checkSagas({ endpoint, sagas }: EndpointSettings, { persistence }: EndpointOptions): void {
  const [first] = sagas.descriptions();
  if (first === undefined) return;
  if (persistence === undefined) {
    const text = `Endpoint "${endpoint}" has the saga ${first.name} but no persistence.`;
    throw new BusbarError('MISSING_PERSISTENCE', text, { details: { endpoint, saga: first.name } });
  }
  if (persistence.capabilities.sagas) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The persistence "${persistence.name}" cannot keep sagas.`,
    {
      help: 'Remove `sagas`, or choose a persistence that keeps them.',
      details: { setting: 'sagas' },
    },
  );
}

function checkBehaviors({ behaviors }: EndpointSettings): void {
  for (const { stage, name } of behaviors) {
    if (Object.hasOwn(stageDescriptions, stage)) continue;
    throw invalid(
      `The stage of the behaviour "${name}"`,
      stage,
      `one of ${Object.keys(stageDescriptions).join(', ')}`,
    );
  }
}

function staticHeaders(headers: EndpointOptions['headers']): Readonly<Record<string, string>> {
  if (headers === undefined || Object.keys(headers).length === 0) return noHeaders;
  const checked: Record<string, string> = {};
  addUserHeaders(checked, headers);
  return Object.freeze(checked);
}

function invalid(setting: string, value: unknown, wanted: string): BusbarError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new BusbarError('INVALID_CONFIGURATION', `${setting} is ${shown}.`, {
    help: `Give it ${wanted}.`,
    details: { setting },
  });
}
