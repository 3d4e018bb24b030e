import { GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BusbarError, type Clock, asError, pause } from '@busbar/core';
import type { SqsSettings } from '../sqs-options.ts';
import { failureOf, failureText } from './sdk-error.ts';

/** No queue has this name; that SQS says so is all that is asked. */
const nobody = 'busbar-is-anybody-there';

/**
 * Asks SQS anything, to find out at start that it cannot be reached, or knows nobody with these credentials.
 *
 * @throws BusbarError TRANSPORT_UNAVAILABLE naming the setting
 */
export async function probe(client: SQSClient, settings: SqsSettings, clock: Clock): Promise<void> {
  const end = clock.monotonic() + settings.connectTimeoutMs;
  const over = new AbortController();
  const timer = clock.setTimer(() => over.abort(), settings.connectTimeoutMs, true);
  let last: unknown;
  try {
    while (clock.monotonic() < end) {
      try {
        await client.send(new GetQueueUrlCommand({ QueueName: nobody }), {
          abortSignal: over.signal,
        });
        return;
      } catch (error) {
        const failure = failureOf(error);
        // Whoever says no to this has read it: what it may not do shows when it is asked for.
        if (failure === 'missing' || failure === 'denied') return;
        if (failure === 'credentials' || failure === 'refused') throw unusable(error, settings);
        if (isSetting(asError(error))) throw unusable(error, settings);
        if (!over.signal.aborted || last === undefined) last = error;
        await pause(clock, 200, over.signal);
      }
    }
  } finally {
    timer.cancel();
  }
  throw unreachable(last, settings);
}

/** An error that no answer of AWS could change. */
function isSetting({ name, message }: Error): boolean {
  return /Region is missing|credentials|CredentialsProvider|Invalid URL|ProviderError/i.test(
    `${name} ${message}`,
  );
}

function unusable(error: unknown, settings: SqsSettings): BusbarError {
  const text = failureText(error);
  if (/region/i.test(text) && settings.region === undefined) {
    return new BusbarError('TRANSPORT_UNAVAILABLE', `SQS cannot be used: ${text}.`, {
      help: 'Write the region into the URL (sqs://eu-west-1), the option `region` or the variable AWS_REGION.',
      details: { setting: 'region' },
      cause: error,
    });
  }
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `SQS cannot be used at ${placeOf(settings)}: ${text}.`,
    {
      help: 'Correct the option `credentials`, or what the SDK finds instead: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, a role. Keys of another partition are not known in this `region`.',
      details: { setting: 'credentials' },
      cause: error,
    },
  );
}

function unreachable(error: unknown, settings: SqsSettings): BusbarError {
  const seconds = settings.connectTimeoutMs / 1_000;
  const setting = settings.endpoint === undefined ? 'region' : 'endpoint';
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `SQS was not reached at ${placeOf(settings)} within ${seconds} s: ${failureText(error)}.`,
    {
      help: `Correct the option \`${setting}\`, or the way to it. \`connectTimeoutMs\` says for how long it is tried.`,
      details: { setting },
      cause: error,
    },
  );
}

function placeOf({ endpoint, region }: SqsSettings): string {
  if (endpoint !== undefined) return new URL(endpoint).origin;
  return region === undefined ? 'the region of the environment' : `the region ${region}`;
}
