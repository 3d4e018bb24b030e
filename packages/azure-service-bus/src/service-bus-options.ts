import { BusbarError } from '@busbar/core';
import {
  type NamespaceAddress,
  checkHost,
  parseConnectionString,
} from './connection/namespace-address.ts';

/** Makes tokens of Microsoft Entra ID: what `@azure/identity` calls a token credential. */
export interface ServiceBusCredential {
  /** A token for `scopes`, and when it expires, in milliseconds since 1970. */
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** A message that no Busbar endpoint wrote. */
export interface NativeMessage {
  /** Where it lies; of a dead-letter queue, the queue that it belongs to. */
  readonly queue: string;
  /** As text, whatever its producer made it of; empty where that set none. */
  readonly messageId: string;
  /** Its bytes, as a Uint8Array. Of an AMQP value or sequence what that holds: a text, a number, an object, an array. */
  readonly body: unknown;
  /** As their producer typed them. */
  readonly applicationProperties: Readonly<Record<string, unknown>>;
  readonly subject?: string;
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly to?: string;
  /**
   * It is the partition key unless the mapping sets the header `busbar-partition-key`, so that the messages of a session
   * are handled in order.
   */
  readonly sessionId?: string;
}

/** Headers and body of a native message, or undefined when it is none that is known; then it is undecodable. */
export type NativeMessageMapping = (
  message: NativeMessage,
) => { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array } | undefined;

/** Options of {@link azureServiceBusTransport}. */
export interface AzureServiceBusTransportOptions {
  /**
   * `Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…`, as the portal shows it for a policy of the namespace. With
   * `UseDevelopmentEmulator=true` an emulator is meant.
   */
  readonly connectionString?: string;
  /** The host of the namespace, `shop.servicebus.windows.net`; with {@link AzureServiceBusTransportOptions.credential}. */
  readonly namespace?: string;
  /** Instead of a key: tokens of an identity. It is asked again before a token expires. */
  readonly credential?: ServiceBusCredential;
  /**
   * The URL of the administration interface where it is not that of the namespace, such as `http://localhost:5300` of
   * Microsoft's emulator; `false` never asks it. What it cannot do is printed instead.
   *
   * @default https on the host of the namespace; http on the same port with an emulator
   */
  readonly administration?: string | false;
  /**
   * `create` makes queues, topics and subscriptions when the endpoint provisions; `print` logs the commands and the
   * rights that they need instead, and makes nothing.
   *
   * @default 'create'
   */
  readonly provisioning?: 'create' | 'print';
  /**
   * For how long the service lets a message be held before it must be renewed, in milliseconds; queues are made with
   * it, and the service takes no less than 5 000. Held messages are renewed until they are settled; a process that dies gives its messages back after this time.
   *
   * @default 60_000
   */
  readonly lockDurationMs?: number;
  /**
   * Messages that may be held for each one that may be handled at once; what is more than one waits in memory, so that
   * handlers never wait for the network.
   *
   * @default 2
   */
  readonly prefetchFactor?: number;
  /**
   * The largest message that the namespace takes, in bytes, headers included: 256 KiB in the standard tier, up to
   * 100 MiB in the premium tier, where queues and topics are made for it; those that exist and take less are named.
   *
   * @default 262_144
   */
  readonly maxMessageBytes?: number;
  /** For how long `start()` tries to reach the namespace, in milliseconds. @default 15_000 */
  readonly connectTimeoutMs?: number;
  /**
   * For how long one try of an operation waits for the service, in milliseconds. After the last try the outcome of a send
   * is unknown: the message may or may not be stored.
   *
   * @default 30_000
   */
  readonly operationTimeoutMs?: number;
  /** Further tries of an operation that the service refused for now or that got no answer. @default 3 */
  readonly retries?: number;
  /**
   * Reads what other producers write: all that comes without a header of the framework.
   *
   * @default properties as headers, bytes or text as the body
   */
  readonly nativeMessages?: NativeMessageMapping;
}

/** The options with all defaults. */
export interface ServiceBusSettings extends Required<
  Omit<
    AzureServiceBusTransportOptions,
    'connectionString' | 'namespace' | 'credential' | 'administration' | 'nativeMessages'
  >
> {
  readonly address: NamespaceAddress;
  readonly credential: ServiceBusCredential | undefined;
  readonly administration: string | false | undefined;
  readonly nativeMessages: NativeMessageMapping | undefined;
}

const day = 24 * 60 * 60 * 1_000;

/** Whole numbers from the first to the second. */
const ranges = {
  lockDurationMs: [5_000, 300_000],
  prefetchFactor: [1, 100],
  maxMessageBytes: [131_072, 100 * 1_024 * 1_024],
  connectTimeoutMs: [100, day],
  operationTimeoutMs: [100, day],
  retries: [0, 100],
} as const;

type NumberOption = keyof typeof ranges;

/** An emulator may take less than the service; a test that kills a process waits for so long. */
const leastLockOfEmulatorMs = 1_000;

const defaults = {
  provisioning: 'create',
  lockDurationMs: 60_000,
  prefetchFactor: 2,
  maxMessageBytes: 262_144,
  connectTimeoutMs: 15_000,
  operationTimeoutMs: 30_000,
  retries: 3,
} as const;

/** The names of the options that a URL may give as parameters. */
export const urlOptionNames: readonly string[] = [...Object.keys(defaults), 'administration'];

const optionNames = [
  'connectionString',
  'namespace',
  'credential',
  ...urlOptionNames,
  'nativeMessages',
];

/**
 * Fills in the defaults.
 *
 * @param address where a URL was read already
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function checkOptions(
  options: AzureServiceBusTransportOptions,
  address?: NamespaceAddress,
): ServiceBusSettings {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    throw new BusbarError(
      'UNKNOWN_OPTION',
      `The Azure Service Bus transport has no option "${name}".`,
      { help: `The options are ${optionNames.join(', ')}.`, details: { option: name } },
    );
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as AzureServiceBusTransportOptions;
  const { connectionString: _, namespace: __, credential, ...others } = given;
  const settings: ServiceBusSettings = {
    ...defaults,
    administration: undefined,
    nativeMessages: undefined,
    ...others,
    credential,
    address: address ?? addressOf(given),
  };
  check(settings);
  return Object.freeze(settings);
}

function addressOf(options: AzureServiceBusTransportOptions): NamespaceAddress {
  const { connectionString, namespace } = options;
  if (connectionString !== undefined) {
    if (namespace !== undefined) {
      throw invalid('namespace', 'left out where "connectionString" is given, which names one');
    }
    return parseConnectionString(connectionString, 'connectionString');
  }
  if (namespace === undefined) {
    throw invalid('connectionString', 'given, or "namespace" with a "credential"');
  }
  const host = checkHost(namespace, 'namespace');
  return { host, key: undefined, signature: undefined, emulator: false };
}

function check(settings: ServiceBusSettings): void {
  const { address, credential, administration, provisioning, nativeMessages } = settings;
  const hasKey = address.key !== undefined || address.signature !== undefined;
  if (!hasKey && credential === undefined) {
    throw invalid(
      'credential',
      `given, since there is no key for ${address.host}: a token credential such as those of @azure/identity, or a connection string`,
    );
  }
  if (hasKey && credential !== undefined) {
    throw invalid('credential', 'left out where the connection string or URL has a key');
  }
  if (credential !== undefined && typeof credential.getToken !== 'function') {
    throw invalid('credential', 'an object with `getToken`, such as those of @azure/identity');
  }
  if (provisioning !== 'create' && provisioning !== 'print') {
    throw invalid('provisioning', "'create' or 'print'", provisioning);
  }
  checkAdministration(administration);
  if (nativeMessages !== undefined && typeof nativeMessages !== 'function') {
    throw invalid('nativeMessages', 'a function', typeof nativeMessages);
  }
  for (const name of Object.keys(ranges) as NumberOption[]) {
    const [usual, most] = ranges[name];
    const least = name === 'lockDurationMs' && address.emulator ? leastLockOfEmulatorMs : usual;
    const value: unknown = settings[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      continue;
    }
    throw invalid(name, `a whole number from ${least} to ${most}`, value);
  }
}

function checkAdministration(url: unknown): void {
  if (url === undefined || url === false) return;
  if (typeof url === 'string' && /^https?:\/\/[^/]/i.test(url) && URL.canParse(url)) return;
  throw invalid('administration', 'an http: or https: URL, or false');
}

/** Without `value` where it may be a secret. */
function invalid(option: string, wanted: string, value?: unknown): BusbarError {
  const is = value === undefined ? '' : ` is ${JSON.stringify(value)}, but`;
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the Azure Service Bus transport${is} must be ${wanted}.`,
    { details: { option, ...(value !== undefined && { value }) } },
  );
}
