import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SqsTransportOptions } from '@busbar/sqs';
import { buildApp } from 'fauxqs';

/** SQS, SNS and S3 in this process, on a port of the loopback interface; dispose it. */
export class LocalAws implements AsyncDisposable {
  readonly endpoint: string;
  readonly #end: () => Promise<unknown>;

  private constructor(endpoint: string, end: () => Promise<unknown>) {
    this.endpoint = endpoint;
    this.#end = end;
  }

  static async start(): Promise<LocalAws> {
    const app = buildApp({ logger: false });
    const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
    return new LocalAws(endpoint, async () => {
      app.server.closeAllConnections();
      await app.close();
    });
  }

  /** How a transport reaches it. */
  get options(): SqsTransportOptions {
    return { ...localIdentity, endpoint: this.endpoint };
  }

  /** The same as a URL. */
  get url(): string {
    const { region, credentials } = localIdentity;
    const { accessKeyId, secretAccessKey } = credentials;
    return `sqs://${accessKeyId}:${secretAccessKey}@${region}?endpoint=${this.endpoint}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

/** Whom an emulator takes anybody for. */
export const localIdentity = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const;

/** A client of the SDK as a transport with these options would have it. */
export function clientFor({ region, endpoint, credentials }: SqsTransportOptions): SQSClient {
  return new SQSClient({
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  });
}

/** The URL of a queue, past the transport. */
export async function urlOf(client: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  return QueueUrl ?? '';
}

/** What a URL of a transport says, for clients past it: region, keys, endpoint and prefix. */
export function optionsInUrl(text: string): SqsTransportOptions {
  const { hostname: region, username, password, searchParams } = new URL(text);
  const endpoint = searchParams.get('endpoint');
  const queuePrefix = searchParams.get('queuePrefix');
  const credentials = {
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  };
  return {
    ...(region !== '' && { region }),
    ...(username !== '' && { credentials }),
    ...(endpoint !== null && { endpoint }),
    ...(queuePrefix !== null && { queuePrefix }),
  };
}

/** A stopping receiver leaves its poll to end by itself; the emulator knows waits below a second. */
export const pollBriefly: NonNullable<SqsTransportOptions['configureClient']> = (client) => {
  client.middlewareStack.add(
    (next) => (args) => {
      const { input } = args;
      const polls = 'WaitTimeSeconds' in input && input.WaitTimeSeconds === 1;
      return next(polls ? { ...args, input: { ...input, WaitTimeSeconds: 0.1 } } : args);
    },
    { step: 'initialize', name: 'pollBriefly' },
  );
};
