import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { QueueDefinition, TransportConnection } from '../transport/transport.ts';
import type { EndpointSettings } from './endpoint-services.ts';

/** The queues that must exist for the endpoint to work. */
export function neededQueues(settings: EndpointSettings): readonly QueueDefinition[] {
  const { routes, topology, sendOnly, ordered } = settings;
  const { inputQueue, instanceQueue, replyQueue, errorQueue, auditQueue } = settings;
  const queues = new Map<string, QueueDefinition>();
  const add = (queue: QueueDefinition): void => {
    if (!queues.has(queue.name)) queues.set(queue.name, queue);
  };
  if (!sendOnly) {
    add({ name: inputQueue, use: 'receive', ...(ordered && { ordered }) });
    // An instance with a name of its own has queues that can be made beforehand.
    if (instanceQueue !== undefined) {
      add({ name: instanceQueue, use: 'receive' });
      add(replyQueueDefinition(replyQueue));
    }
    add({ name: errorQueue, use: 'archive' });
    if (auditQueue !== undefined) add({ name: auditQueue, use: 'archive' });
  }
  for (const destination of routes.destinations()) {
    add({ name: topology.inputQueue(destination), use: 'send' });
  }
  return [...queues.values()];
}

/**
 * The events to subscribe to: of those that have handlers or sagas, those that extend none that has one. A base event's topic
 * brings the derived events too, so subscribing to both would be for nothing, and twice the copies on some brokers.
 */
export function neededEvents({
  handlers,
  sagas,
}: Pick<EndpointSettings, 'handlers' | 'sagas'>): readonly MessageDefinition[] {
  const known = new Set([...handlers.messageDefinitions(), ...sagas.messageDefinitions()]);
  const events = [...known].filter((definition) => definition.kind === 'event');
  const handled = new Set(events.map((definition) => definition.name));
  return events.filter(
    (definition) => !definition.chain.slice(1).some((base) => handled.has(base)),
  );
}

/** The topics of {@link neededEvents}. */
export function neededTopics(settings: EndpointSettings): readonly string[] {
  return neededEvents(settings).map((definition) => settings.topology.topic(definition.name));
}

/** Makes the queues, and subscribes. Idempotent, and safe from several processes at once. */
export async function provision(
  connection: TransportConnection,
  settings: EndpointSettings,
): Promise<void> {
  await connection.queues.provision(neededQueues(settings));
  const topics = neededTopics(settings);
  if (topics.length > 0) await connection.subscriptions.subscribe(settings.inputQueue, topics);
}

/** @throws BusbarError MISSING_QUEUE, MISSING_SUBSCRIPTION naming all that is missing. */
export async function checkProvisioned(
  connection: TransportConnection,
  settings: EndpointSettings,
): Promise<void> {
  const { endpoint, inputQueue, logger, sendOnly } = settings;
  await checkQueues(
    connection,
    endpoint,
    neededQueues(settings).map((queue) => queue.name),
  );
  if (sendOnly) return;
  const present = await connection.subscriptions.list(inputQueue);
  const needed = neededTopics(settings);
  if (present === undefined) {
    const text = `The transport cannot tell what "${inputQueue}" is subscribed to, so a missing subscription would not be noticed`;
    if (needed.length > 0) logger.info({ endpoint, topics: needed }, text);
    return;
  }
  const topics = needed.filter((topic) => !present.includes(topic));
  if (topics.length === 0) return;
  throw new BusbarError(
    'MISSING_SUBSCRIPTION',
    `Endpoint "${endpoint}" handles events that its queue "${inputQueue}" is not subscribed to: ${quoted(topics)}.`,
    { details: { endpoint, missing: topics } },
  );
}

/** @throws BusbarError MISSING_QUEUE naming all that is missing. */
export async function checkQueues(
  connection: TransportConnection,
  endpoint: string,
  queues: readonly string[],
): Promise<void> {
  const missing = await connection.queues.missing(queues);
  if (missing.length === 0) return;
  throw new BusbarError(
    'MISSING_QUEUE',
    `Endpoint "${endpoint}" needs queues that do not exist: ${quoted(missing)}.`,
    { details: { endpoint, missing } },
  );
}

const aDayMs = 24 * 60 * 60 * 1_000;

/** The queue for the replies of one instance: it disappears once the instance has not received from it for a day. */
export function replyQueueDefinition(name: string): QueueDefinition {
  return { name, use: 'receive', expiresUnusedMs: aDayMs };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

/** Subscriptions of the input queue that no handler needs any more; undefined where the broker cannot tell. */
export async function findStaleSubscriptions(
  connection: TransportConnection,
  settings: EndpointSettings,
): Promise<readonly string[] | undefined> {
  const present = await connection.subscriptions.list(settings.inputQueue);
  const needed = new Set(neededTopics(settings));
  return present?.filter((topic) => !needed.has(topic));
}
