import type { ServiceBusClient } from '@azure/service-bus';
import { BusbarError, type Clock, pause } from '@busbar/core';
import type { ServiceBusSettings } from '../service-bus-options.ts';
import { kindOf, textOf } from './service-failure.ts';

/** Nothing has this name; the service says so only to whom it knows. */
const nowhere = 'busbar-is-anybody-there';

/** What the service says of credentials that are wrong, and not merely without a right for one queue. */
const badCredential =
  /InvalidSignature|invalid signature|ExpiredToken|token (?:is|has) expired|MalformedToken|InvalidIssuer|InvalidAudience|token request failed/i;

const betweenTriesMs = 500;

const forEmulators =
  ' An emulator needs `emulator=true` in the URL, or `UseDevelopmentEmulator=true` in the connection string.';

/**
 * Finds out whether the namespace is there and takes the key or credential, by asking for something that does not exist.
 *
 * @throws BusbarError TRANSPORT_UNAVAILABLE
 */
export async function reach(
  client: ServiceBusClient,
  settings: ServiceBusSettings,
  clock: Clock,
): Promise<void> {
  const { connectTimeoutMs } = settings;
  const over = new AbortController();
  let last: unknown;
  const trying = (async (): Promise<'there' | 'over'> => {
    while (!over.signal.aborted) {
      last = await knock(client);
      if (last === undefined) return 'there';
      if (kindOf(last) === 'unauthorized' || isOwnFault(last)) throw unreachable(last, settings);
      await pause(clock, betweenTriesMs, over.signal);
    }
    return 'over';
  })();
  const waited = pause(clock, connectTimeoutMs, over.signal).then(() => 'over' as const);
  try {
    const outcome = await Promise.race([trying, waited]);
    if (outcome !== 'there') throw unreachable(last, settings);
  } finally {
    over.abort();
    trying.catch(() => undefined);
  }
}

/** Undefined when the service has answered. */
async function knock(client: ServiceBusClient): Promise<unknown> {
  const sender = client.createSender(nowhere);
  try {
    await sender.createMessageBatch();
    return undefined;
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'missing') return undefined;
    // A right for some queues alone is enough; which ones are missing shows when they are used.
    if (kind === 'unauthorized' && !badCredential.test(textOf(error))) return undefined;
    return error;
  } finally {
    await sender.close().catch(() => undefined);
  }
}

/** What trying again does not mend: a credential that fails by itself. */
function isOwnFault(error: unknown): boolean {
  const { name } = error as { readonly name?: unknown };
  return (
    name === 'CredentialUnavailableError' ||
    name === 'AuthenticationError' ||
    name === 'AggregateAuthenticationError'
  );
}

function unreachable(
  cause: unknown,
  { address, connectTimeoutMs }: ServiceBusSettings,
): BusbarError {
  const { host, emulator } = address;
  const refused = kindOf(cause) === 'unauthorized' || (cause !== undefined && isOwnFault(cause));
  const text =
    cause === undefined ? `nothing answered within ${connectTimeoutMs} ms` : textOf(cause);
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    refused
      ? `Azure Service Bus at ${host} refused the key or credential: ${sentence(text)}`
      : `Azure Service Bus at ${host} cannot be reached: ${sentence(text)}`,
    {
      help: refused
        ? 'Correct the key in `connectionString` or the URL, or the `credential`.'
        : `Check the host in \`connectionString\`, \`namespace\` or the URL, the network to it (port ${portOf(host, emulator)}), and that the namespace exists.${emulator ? '' : forEmulators}`,
      details: { namespace: host },
      ...(cause !== undefined && { cause }),
    },
  );
}

/** With TLS, which no emulator speaks, or without. */
function portOf(host: string, emulator: boolean): string {
  return /:(\d+)$/.exec(host)?.[1] ?? (emulator ? '5672' : '5671');
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
