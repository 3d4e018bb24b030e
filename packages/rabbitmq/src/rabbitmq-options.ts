import { BusbarError } from '@busbar/core';
import {
  type BrokerAddress,
  describeAddress,
  parseAddresses,
} from './connection/broker-address.ts';

/** A user of the broker. */
export interface RabbitMqCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a TLS connection needs beyond an `amqps:` URL, as Node's `tls.connect` takes it. */
export interface RabbitMqTlsOptions {
  /** Certificates of the authorities that are trusted instead of the system's. */
  readonly ca?: string | Buffer | (string | Buffer)[];
  /** The client's certificate and key; the broker takes them instead of a password where it is set up so. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly pfx?: string | Buffer;
  readonly passphrase?: string;
  /** The name in the broker's certificate where it is not the host of the URL. */
  readonly servername?: string;
  /** @default true */
  readonly rejectUnauthorized?: boolean;
}

/** Options of {@link rabbitMqTransport}. */
export interface RabbitMqTransportOptions {
  /**
   * `amqp://user:password@host:port/vhost`, or `amqps:`. Several hosts of one cluster are listed with commas
   * (`amqp://one,two:5673/shop`) or as several URLs; each connection takes the first that answers.
   *
   * @default 'amqp://localhost'
   */
  readonly url?: string | readonly string[];
  /**
   * The user, asked for at each connection, so that rotated credentials are picked up; instead of those in the URL.
   * `'external'` has the client's certificate say who it is.
   *
   * @default those of the URL, else guest
   */
  readonly credentials?: 'external' | (() => RabbitMqCredentials | Promise<RabbitMqCredentials>);
  readonly tls?: RabbitMqTlsOptions;
  /**
   * What new queues are. Quorum queues survive the loss of a node. A queue that exists as the other kind is used as it
   * is, with a warning.
   *
   * @default 'quorum'
   */
  readonly queueType?: 'quorum' | 'classic';
  /**
   * The first part of the names of the delay queues, which all endpoints of a virtual host share: change it in all of
   * them or in none.
   *
   * @default 'busbar.delay'
   */
  readonly delayPrefix?: string;
  /**
   * Messages that may be held for each one that may be handled at once; what is more than one waits in memory, so
   * that handlers never wait for the network.
   *
   * @default 3
   */
  readonly prefetchFactor?: number;
  /** Seconds between heartbeats; a dead link is noticed after two of them. @default 10 */
  readonly heartbeatSeconds?: number;
  /** For how long `start()` tries to reach the broker, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /**
   * For how long a send waits for the broker's confirmation, outages included, in milliseconds. After it the outcome is
   * unknown: the message may or may not be stored.
   *
   * @default 30_000
   */
  readonly confirmTimeoutMs?: number;
  /**
   * The broker's `consumer_timeout`, in milliseconds: how long it lets a message be held. Say here what the broker is
   * set to. A message that cannot be settled in time is handed back before.
   *
   * @default 1_800_000
   */
  readonly consumerTimeoutMs?: number;
  /** Messages that may wait for the broker while it is away; a send beyond fails at once. @default 10_000 */
  readonly maxBufferedMessages?: number;
  /** Their bodies together, in bytes. @default 67_108_864 */
  readonly maxBufferedBytes?: number;
  /**
   * The largest body that is sent, in bytes; the broker's own `max_message_size` (16 MiB since 4.0) must allow it.
   *
   * @default 16_777_216
   */
  readonly maxBodyBytes?: number;
  /**
   * The URL of the management plugin's HTTP interface, through which provisioning sets policies, and counts and
   * subscriptions are read; `false` never asks it. What it cannot do is printed instead.
   *
   * @default port 15672 of the broker's host, with the same user
   */
  readonly management?: string | false;
}

/** The options with all defaults. */
export interface RabbitMqSettings extends Required<
  Omit<RabbitMqTransportOptions, 'url' | 'credentials' | 'tls' | 'management'>
> {
  readonly addresses: readonly BrokerAddress[];
  readonly credentials: RabbitMqTransportOptions['credentials'];
  readonly tls: RabbitMqTlsOptions;
  readonly management: string | false | undefined;
}

const day = 24 * 60 * 60 * 1_000;

/** Whole numbers from the first to the second. */
const ranges = {
  prefetchFactor: [1, 100],
  heartbeatSeconds: [1, 3_600],
  connectTimeoutMs: [100, day],
  confirmTimeoutMs: [100, day],
  consumerTimeoutMs: [1_000, 30 * day],
  maxBufferedMessages: [1, 10_000_000],
  maxBufferedBytes: [1, Number.MAX_SAFE_INTEGER],
  // The largest `max_message_size` that a broker can be set to.
  maxBodyBytes: [1_024, 512 * 1_024 * 1_024],
} as const;

type NumberOption = keyof typeof ranges;

const defaults = {
  queueType: 'quorum',
  delayPrefix: 'busbar.delay',
  prefetchFactor: 3,
  heartbeatSeconds: 10,
  connectTimeoutMs: 10_000,
  confirmTimeoutMs: 30_000,
  consumerTimeoutMs: 1_800_000,
  maxBufferedMessages: 10_000,
  maxBufferedBytes: 64 * 1_024 * 1_024,
  maxBodyBytes: 16 * 1_024 * 1_024,
} as const;

/** The names of the options that a URL may give as parameters. */
export const urlOptionNames: readonly string[] = [...Object.keys(defaults), 'management'];

const tlsOptionNames: readonly string[] = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'servername',
  'rejectUnauthorized',
] satisfies (keyof RabbitMqTlsOptions)[];

const optionNames = ['url', 'credentials', 'tls', ...urlOptionNames];

/**
 * Fills in the defaults.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function checkOptions(options: RabbitMqTransportOptions): RabbitMqSettings {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The RabbitMQ transport has no option "${name}".`, {
      help: `The options are ${optionNames.join(', ')}.`,
      details: { option: name },
    });
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as RabbitMqTransportOptions;
  const { url, ...others } = given;
  const settings: RabbitMqSettings = {
    ...defaults,
    credentials: undefined,
    tls: {},
    management: undefined,
    ...others,
    addresses: parseAddresses(url === undefined ? 'amqp://localhost' : url),
  };
  check(settings);
  return Object.freeze(settings);
}

function check(settings: RabbitMqSettings): void {
  const { queueType, delayPrefix, credentials, tls, management } = settings;
  if (queueType !== 'quorum' && queueType !== 'classic') {
    throw invalid('queueType', queueType, "'quorum' or 'classic'");
  }
  // Names with the level behind it must fit into the 255 bytes of a name.
  if (typeof delayPrefix !== 'string' || !/^[\w.:-]{1,200}$/.test(delayPrefix)) {
    throw invalid(
      'delayPrefix',
      delayPrefix,
      '1 to 200 letters, digits, underscores, dots, colons or dashes',
    );
  }
  if (/^amq\./i.test(delayPrefix)) {
    throw invalid(
      'delayPrefix',
      delayPrefix,
      'a name that does not begin with "amq.", which is the broker\'s own',
    );
  }
  if (
    credentials !== undefined &&
    credentials !== 'external' &&
    typeof credentials !== 'function'
  ) {
    throw invalidSecret('credentials', "a function that returns a user, or 'external'");
  }
  checkTls(tls);
  checkSecurity(settings);
  checkManagement(management);
  for (const name of Object.keys(ranges) as NumberOption[]) {
    const [least, most] = ranges[name];
    const value: unknown = settings[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      continue;
    }
    throw invalid(name, value, `a whole number from ${least} to ${most}`);
  }
}

function checkManagement(management: unknown): void {
  if (management === undefined || management === false) return;
  if (
    typeof management === 'string' &&
    /^https?:\/\/[^/]/i.test(management) &&
    URL.canParse(management)
  )
    return;
  throw invalidSecret('management', 'an http: or https: URL, or false');
}

function checkTls(tls: unknown): void {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls)) {
    throw invalidSecret('tls', 'an object');
  }
  for (const name of Object.keys(tls)) {
    if (tlsOptionNames.includes(name)) continue;
    throw new BusbarError(
      'UNKNOWN_OPTION',
      `The option "tls" of the RabbitMQ transport has no option "${name}".`,
      { help: `The options are ${tlsOptionNames.join(', ')}.`, details: { option: `tls.${name}` } },
    );
  }
}

/** What is meant to protect a connection must not be left out in silence. */
function checkSecurity({ addresses, credentials, tls }: RabbitMqSettings): void {
  const open = addresses.find((address) => !address.tls);
  if (open === undefined) return;
  const option =
    Object.keys(tls).length > 0 ? 'tls' : credentials === 'external' ? 'credentials' : undefined;
  if (option === undefined) return;
  const what = option === 'tls' ? 'The option "tls"' : 'The option "credentials" (\'external\')';
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `${what} of the RabbitMQ transport needs TLS, but ${describeAddress(open)} is without.`,
    { help: 'Write amqps:// in the URL, or leave the option out.', details: { option } },
  );
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the RabbitMQ transport is ${JSON.stringify(value)}, but must be ${wanted}.`,
    { details: { option, value } },
  );
}

/** Its value is not shown. */
function invalidSecret(option: string, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the RabbitMQ transport must be ${wanted}.`,
    { details: { option } },
  );
}
