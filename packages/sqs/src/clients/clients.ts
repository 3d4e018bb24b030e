import { SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import type { SdkClient, SqsSettings } from '../sqs-options.ts';

/** For how long a socket may take to connect. */
const socketConnectMs = 3_000;
/** For how long an answer may take, beyond what a poll waits for on purpose. */
const answerMs = 10_000;
/** Open sockets of one client; the SDK's own 50 are used up by 50 polls. */
const receivingSockets = 512;
const sendingSockets = 128;

/** The clients of one connection. What polls has sockets of its own, or a poll would hold up a send. */
export class Clients {
  readonly receiving: SQSClient;
  readonly sending: SQSClient;
  readonly sns: SNSClient;

  constructor(settings: SqsSettings) {
    const { configureClient, pollSeconds } = settings;
    this.receiving = new SQSClient({
      ...shared(settings),
      ...handlers(receivingSockets, pollSeconds * 1_000 + answerMs),
      // A receiver tries again by itself, with what it learned.
      maxAttempts: 1,
    });
    this.sending = new SQSClient({ ...shared(settings), ...handlers(sendingSockets, answerMs) });
    this.sns = new SNSClient({ ...shared(settings), ...handlers(sendingSockets, answerMs) });
    for (const client of [this.receiving, this.sending, this.sns]) {
      configureClient?.(client as unknown as SdkClient);
    }
  }

  destroy(): void {
    this.receiving.destroy();
    this.sending.destroy();
    this.sns.destroy();
  }
}

/** What the clients of all services are made with. */
export function shared({
  region,
  endpoint,
  credentials,
}: Pick<SqsSettings, 'region' | 'endpoint' | 'credentials'>): Pick<
  SQSClientConfig & SNSClientConfig,
  'region' | 'endpoint' | 'credentials'
> {
  return {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  };
}

function handlers(
  maxSockets: number,
  requestTimeout: number,
): Pick<SQSClientConfig, 'requestHandler'> {
  const agent = { keepAlive: true, maxSockets };
  return {
    requestHandler: {
      connectionTimeout: socketConnectMs,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
}
