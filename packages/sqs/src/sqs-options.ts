import type { SQSClient } from '@aws-sdk/client-sqs';
import { BusbarError } from '@busbar/core';
import { leastRetentionSeconds } from './message/limits.ts';

/** Keys of an AWS identity. */
export interface SqsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; the SDK asks again before. */
  readonly expiration?: Date;
}

/** Encryption at rest of new queues and topics: by keys that SQS manages itself, or by a key of AWS KMS. */
export type SqsEncryption =
  | 'sqs-managed'
  | {
      /**
       * An id, ARN or alias. Whoever sends and receives needs rights on the key, and so does SNS for events, which no key
       * that AWS manages (`alias/aws/sqs`) can give it.
       */
      readonly kmsKeyId: string;
      /** For how long SQS uses a data key again, in seconds. @default 300 */
      readonly reuseSeconds?: number;
    };

/** A message that no Busbar endpoint wrote. */
export interface NativeMessage {
  readonly queue: string;
  readonly messageId: string;
  /** The text as SQS delivers it. */
  readonly body: string;
  /** Its message attributes; binary ones as base64. */
  readonly attributes: Readonly<Record<string, string>>;
  /**
   * Its message group, if it has one. In a FIFO queue it is the partition key unless the mapping sets the header
   * `busbar-partition-key`, so that the messages of a group are handled in order.
   */
  readonly group?: string;
}

/** Headers and body of a native message, or undefined when it is none that is known; then it is undecodable. */
export type NativeMessageMapping = (
  message: NativeMessage,
) => { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array } | undefined;

/** A client of the SDK, of SQS or of SNS; {@link SdkClient.config} tells which. */
export interface SdkClient {
  readonly config: { readonly serviceId: string };
  /** Typed as that of SQS; the one of SNS takes the same middleware. */
  readonly middlewareStack: SQSClient['middlewareStack'];
}

/** Options of {@link sqsTransport}. */
export interface SqsTransportOptions {
  /** Such as `eu-west-1`. @default what the SDK finds: AWS_REGION, or the profile */
  readonly region?: string;
  /** The URL of an emulator or a private endpoint, for SQS and SNS (and S3 with `bucket`). @default that of the region */
  readonly endpoint?: string;
  /** @default the SDK's chain: environment, profile, container, instance */
  readonly credentials?: SqsCredentials | (() => Promise<SqsCredentials>);
  /** Begins the name of every queue, such as `staging-`. @default none */
  readonly queuePrefix?: string;
  /** Begins the name of every topic. @default none */
  readonly topicPrefix?: string;
  /** How long a message is held before it is renewed or comes back, in seconds. @default 30 */
  readonly visibilitySeconds?: number;
  /** How long a poll waits for a message, in seconds. @default 20 */
  readonly pollSeconds?: number;
  /** The longest that a message waits for others to be sent in one call, in milliseconds. @default 5 */
  readonly batchWindowMs?: number;
  /** For how long `start()` tries to reach AWS, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** For how long a send is tried; after it the outcome is unknown. In milliseconds. @default 30_000 */
  readonly sendTimeoutMs?: number;
  /**
   * How long new queues keep a message, delays included, in seconds; an hour at least.
   *
   * @default 1_209_600, the 14 days that SQS allows
   */
  readonly retentionSeconds?: number;
  /**
   * After so many receives SQS moves a message to the dead-letter queue: a backstop far above what the endpoint needs
   * to move it to its error queue.
   *
   * @default 200
   */
  readonly maxReceiveCount?: number;
  /** Encryption at rest of new queues and topics. @default 'sqs-managed' */
  readonly encryption?: SqsEncryption;
  /**
   * A bucket of S3 for bodies that are too large: the claim check of every endpoint on this transport that names no
   * store of its own.
   *
   * @default none
   */
  readonly bucket?: string;
  /** Begins the keys in the bucket. @default 'busbar/' */
  readonly bucketPrefix?: string;
  /** Whether messages with a partition key name it to standard queues as their group, for fair queues. @default true */
  readonly fairQueues?: boolean;
  /**
   * Whether provisioning makes what is missing, or only logs the IAM policies and makes nothing.
   *
   * @default 'create'
   */
  readonly provisioning?: 'create' | 'policies';
  /** Reads what other producers write. @default such a message is undecodable */
  readonly nativeMessages?: NativeMessageMapping;
  /** Called once with each client of the SDK, to add middleware, such as tracing. */
  readonly configureClient?: (client: SdkClient) => void;
}

type Optional =
  | 'region'
  | 'endpoint'
  | 'credentials'
  | 'bucket'
  | 'nativeMessages'
  | 'configureClient';

/** The options with all defaults. */
export type SqsSettings = Required<Omit<SqsTransportOptions, Optional>> & {
  readonly [name in Optional]: SqsTransportOptions[name] | undefined;
};

const day = 24 * 60 * 60;

/** Whole numbers from the first to the second. */
const ranges = {
  visibilitySeconds: [1, 12 * 60 * 60],
  pollSeconds: [1, 20],
  batchWindowMs: [0, 1_000],
  connectTimeoutMs: [100, day * 1_000],
  sendTimeoutMs: [100, day * 1_000],
  retentionSeconds: [leastRetentionSeconds, 14 * day],
  maxReceiveCount: [10, 1_000],
} as const;

const defaults = {
  queuePrefix: '',
  topicPrefix: '',
  visibilitySeconds: 30,
  pollSeconds: 20,
  batchWindowMs: 5,
  connectTimeoutMs: 10_000,
  sendTimeoutMs: 30_000,
  retentionSeconds: 14 * day,
  maxReceiveCount: 200,
  encryption: 'sqs-managed',
  bucketPrefix: 'busbar/',
  fairQueues: true,
  provisioning: 'create',
} as const;

/** The names of the options that a URL may give as parameters. */
export const urlOptionNames: readonly string[] = [...Object.keys(defaults), 'endpoint', 'bucket'];

const optionNames = [
  'region',
  'credentials',
  ...urlOptionNames,
  'nativeMessages',
  'configureClient',
];

/**
 * Fills in the defaults.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function checkOptions(options: SqsTransportOptions): SqsSettings {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The SQS transport has no option "${name}".`, {
      help: `The options are ${optionNames.join(', ')}.`,
      details: { option: name },
    });
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as SqsTransportOptions;
  const settings: SqsSettings = {
    region: undefined,
    endpoint: undefined,
    credentials: undefined,
    bucket: undefined,
    nativeMessages: undefined,
    configureClient: undefined,
    ...defaults,
    ...given,
  };
  checkTexts(settings);
  checkNumbers(settings);
  checkOthers(settings);
  return Object.freeze(settings);
}

function checkTexts(settings: SqsSettings): void {
  const { region, endpoint, queuePrefix, topicPrefix, bucket, bucketPrefix } = settings;
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region)) {
    throw invalid('region', region, 'a region of AWS, such as eu-west-1');
  }
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) {
    throw invalid('endpoint', endpoint, 'an http: or https: URL');
  }
  if (!/^[\w-]{0,60}$/.test(queuePrefix)) {
    throw invalid(
      'queuePrefix',
      queuePrefix,
      'at most 60 letters, digits, hyphens and underscores',
    );
  }
  if (!/^[\w-]{0,100}$/.test(topicPrefix)) {
    throw invalid(
      'topicPrefix',
      topicPrefix,
      'at most 100 letters, digits, hyphens and underscores',
    );
  }
  if (bucket !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw invalid('bucket', bucket, 'the name of a bucket of S3');
  }
  if (!/^[\w!.*'()/-]{0,500}$/.test(bucketPrefix)) {
    throw invalid(
      'bucketPrefix',
      bucketPrefix,
      'at most 500 characters that S3 takes in keys as they are',
    );
  }
}

function checkNumbers(settings: SqsSettings): void {
  for (const name of Object.keys(ranges) as (keyof typeof ranges)[]) {
    const [least, most] = ranges[name];
    const value: unknown = settings[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      continue;
    }
    throw invalid(name, value, `a whole number from ${least} to ${most}`);
  }
}

function checkOthers(settings: SqsSettings): void {
  const { credentials, encryption, fairQueues, provisioning } = settings;
  const given = typeof credentials === 'object' ? credentials : undefined;
  const complete =
    typeof given?.accessKeyId === 'string' && typeof given.secretAccessKey === 'string';
  if (credentials !== undefined && typeof credentials !== 'function' && !complete) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      'The option "credentials" of the SQS transport must be an object with accessKeyId and secretAccessKey, or a function that resolves to one.',
      { details: { option: 'credentials' } },
    );
  }
  const key = typeof encryption === 'object' ? encryption?.kmsKeyId : undefined;
  if (encryption !== 'sqs-managed' && (typeof key !== 'string' || key === '')) {
    throw invalid('encryption', encryption, "'sqs-managed' or an object with kmsKeyId");
  }
  if (typeof fairQueues !== 'boolean') {
    throw invalid('fairQueues', fairQueues, 'true or false');
  }
  if (provisioning !== 'create' && provisioning !== 'policies') {
    throw invalid('provisioning', provisioning, "'create' or 'policies'");
  }
  for (const name of ['nativeMessages', 'configureClient'] as const) {
    const value: unknown = settings[name];
    if (value !== undefined && typeof value !== 'function') {
      throw invalid(name, typeof value, 'a function');
    }
  }
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the SQS transport is ${JSON.stringify(value)}, but must be ${wanted}.`,
    { details: { option, value } },
  );
}
