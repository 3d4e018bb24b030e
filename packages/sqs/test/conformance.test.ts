import {
  ChangeMessageVisibilityCommand,
  DeleteQueueCommand,
  type Message,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { transportConformance } from '@busbar/conformance';
import { type SqsTransportOptions, sqsCapabilities, sqsTransport } from '@busbar/sqs';
import { afterAll } from 'vitest';
import { scaled } from '../../../test/support/scale.ts';
import {
  LocalAws,
  clientFor,
  optionsInUrl,
  pollBriefly,
  urlOf,
} from '../../../test/support/sqs/local-aws.ts';
import { startLocalStack } from '../../../test/support/sqs/localstack.ts';

/** What the suite runs against. */
interface Service {
  readonly options: SqsTransportOptions;
  readonly client: SQSClient;
  close(): Promise<void>;
}

// A real account, or another emulator, where somebody names one: sqs://eu-west-1?queuePrefix=ci-
const named = process.env['BUSBAR_TEST_SQS'];
const inContainer = process.env['TEST_BROKER'] === 'container';
let made: Promise<Service> | undefined;

function service(): Promise<Service> {
  made ??= open();
  return made;
}

async function open(): Promise<Service> {
  if (named !== undefined) return account(optionsInUrl(named));
  if (!inContainer) return emulator();
  const { options, stop } = await startLocalStack();
  const { client } = account(options);
  const close = async (): Promise<void> => {
    client.destroy();
    await stop();
  };
  return { options, client, close };
}

async function emulator(): Promise<Service> {
  const aws = await LocalAws.start();
  const { options, client } = account({ ...aws.options, configureClient: pollBriefly });
  const close = async (): Promise<void> => {
    client.destroy();
    await aws[Symbol.asyncDispose]();
  };
  return { options, client, close };
}

function account(options: SqsTransportOptions): Service {
  const client = clientFor(options);
  return { options, client, close: async () => client.destroy() };
}

afterAll(async () => (await made)?.close());

transportConformance({
  name: 'sqs',
  capabilities: sqsCapabilities,
  create: async () => {
    const { options: given, client } = await service();
    const { configureClient, ...others } = given;
    // Short, so that what a killed process held comes back within the test.
    const plain: SqsTransportOptions = { ...others, visibilitySeconds: 2, pollSeconds: 1 };
    const urlFor = (queue: string): Promise<string> =>
      urlOf(client, `${given.queuePrefix ?? ''}${queue}`);
    return {
      transport: sqsTransport({
        ...plain,
        ...(configureClient !== undefined && { configureClient }),
      }),
      child: {
        module: new URL('support/child-transport.ts', import.meta.url).href,
        argument: plain,
      },
      removeQueue: async (queue) => {
        await client.send(new DeleteQueueCommand({ QueueUrl: await urlFor(queue) }));
      },
      injectPoison: async (queue) => {
        await client.send(
          new SendMessageCommand({
            QueueUrl: await urlFor(queue),
            MessageBody: 'whatever',
            MessageAttributes: {
              'busbar-headers': { DataType: 'String', StringValue: '{"broken' },
            },
          }),
        );
      },
      loseHold: async ({ queue, native }) => {
        await client.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: await urlFor(queue),
            ReceiptHandle: (native as Message).ReceiptHandle,
            VisibilityTimeout: 0,
          }),
        );
      },
    };
  },
  skips: {
    'when-the-first-of-a-key-comes-back':
      'a standard queue of SQS has no old place to give a message back to; an ordered one has',
  },
  sizes: { leak: scaled('conformance-leak'), shortDelayMs: 1_000 },
  limitMs: 30_000,
});
