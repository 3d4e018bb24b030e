import { type Transport, withoutSecrets } from '@busbar/core';
import { sqsCapabilities } from './capabilities.ts';
import { s3Store } from './claim-check/s3-store.ts';
import { SqsConnection } from './sqs-connection.ts';
import { type SqsSettings, type SqsTransportOptions, checkOptions } from './sqs-options.ts';

export { sqsCapabilities } from './capabilities.ts';

/**
 * Carries messages through Amazon SQS, and events through SNS.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function sqsTransport(options: SqsTransportOptions = {}): Transport {
  const settings = checkOptions(options);
  const { bucket, bucketPrefix, region, endpoint, credentials, sendTimeoutMs } = settings;
  const claimStore =
    bucket === undefined
      ? undefined
      : s3Store({
          bucket,
          prefix: bucketPrefix,
          timeoutMs: sendTimeoutMs,
          ...(region !== undefined && { region }),
          ...(endpoint !== undefined && { endpoint }),
          ...(credentials !== undefined && { credentials }),
        });
  return {
    name: 'sqs',
    address: addressOf(settings),
    capabilities: sqsCapabilities,
    ...(claimStore !== undefined && { claimStore }),
    connect: (host) => SqsConnection.open(settings, host, claimStore),
  };
}

function addressOf({ region = '', endpoint, queuePrefix }: SqsSettings): string {
  const parameters = [
    ...(endpoint === undefined ? [] : [`endpoint=${withoutSecrets(endpoint)}`]),
    ...(queuePrefix === '' ? [] : [`queuePrefix=${queuePrefix}`]),
  ];
  return `sqs://${region}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}
