import type { S3Client } from '@aws-sdk/client-s3';
import { BusbarError, type ClaimStore } from '@busbar/core';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import type { SqsCredentials } from '../sqs-options.ts';

/** Options of {@link s3Store}. */
export interface S3StoreOptions {
  readonly bucket: string;
  /** Begins the keys of the objects. @default 'busbar/' */
  readonly prefix?: string;
  /** @default what the SDK finds */
  readonly region?: string;
  /** The URL of an emulator, whose buckets are named in the path. @default that of the region */
  readonly endpoint?: string;
  /** @default the SDK's chain */
  readonly credentials?: SqsCredentials | (() => Promise<SqsCredentials>);
  /** A key of AWS KMS for the objects. @default the bucket's own encryption */
  readonly kmsKeyId?: string;
  /** For how long a body is stored or fetched, repetitions included, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number;
}

/** Of one attempt of the SDK: so long for the connection, and so long without a byte. */
const socketMs = { connectionTimeout: 3_000, socketTimeout: 10_000 };

/**
 * Keeps bodies as objects of a bucket. When they expire is the bucket's own affair: give it a lifecycle rule for the
 * prefix, longer than messages can wait, the error queue included.
 */
export function s3Store(options: S3StoreOptions): ClaimStore {
  const { bucket, prefix = 'busbar/', kmsKeyId, timeoutMs = 30_000 } = options;
  let opening: ReturnType<typeof open> | undefined;
  const opened = (): ReturnType<typeof open> => (opening ??= open(options));
  return {
    name: `s3://${bucket}/${prefix}`,
    async put(claim, body) {
      const { client, sdk } = await opened();
      const encryption =
        kmsKeyId === undefined
          ? {}
          : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyId };
      const put = new sdk.PutObjectCommand({
        Bucket: bucket,
        Key: `${prefix}${claim}`,
        Body: body,
        ...encryption,
      });
      try {
        await within(timeoutMs, (abortSignal) => client.send(put, { abortSignal }));
      } catch (error) {
        throw unusable(bucket, 's3:PutObject', error);
      }
    },
    async get(claim) {
      const { client, sdk } = await opened();
      const get = new sdk.GetObjectCommand({ Bucket: bucket, Key: `${prefix}${claim}` });
      try {
        return await within(timeoutMs, async (abortSignal) => {
          const { Body } = await client.send(get, { abortSignal });
          return (await Body?.transformToByteArray()) ?? new Uint8Array();
        });
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) {
          throw new BusbarError(
            'CLAIM_NOT_FOUND',
            `The claim ${claim} is not in the bucket ${bucket}.`,
            {
              details: { claim },
              cause: error,
            },
          );
        }
        throw unusable(bucket, 's3:GetObject', error);
      }
    },
  };
}

/** Loaded with the first large body: most processes never have one. */
async function open({ region, endpoint, credentials }: S3StoreOptions): Promise<{
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
}> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials !== undefined && { credentials }),
    requestHandler: socketMs,
  });
  return { sdk, client };
}

/** An answer may stop in the middle of a body, where the SDK does not look at its signal any more. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms);
  const over = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => over.reject(timeoutError(ms)), { once: true });
  return Promise.race([work(signal), over.promise]);
}

function timeoutError(ms: number): Error {
  return Object.assign(new Error(`S3 did not answer within ${ms} ms`), { name: 'TimeoutError' });
}

function unusable(bucket: string, action: string, error: unknown): BusbarError {
  const denied = failureOf(error) === 'denied';
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `The bucket ${bucket} of large bodies cannot be used: ${failureText(error)}.`,
    {
      help: denied
        ? `Give the identity of the option \`credentials\` the rights \`${action}\` on its objects and \`s3:ListBucket\` on it; without the second S3 refuses what is not there in the same words.`
        : 'Correct the option `bucket`, or bring the bucket back.',
      details: { bucket, action },
      cause: error,
    },
  );
}
