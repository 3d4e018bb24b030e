import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Order } from './order.ts';
import type { Setting } from './scenario.ts';

/** An emulator in a process of its own, whose time is nobody's. */
export interface SqsService {
  /** As `transportFrom` takes it. */
  readonly url: string;
  readonly client: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): Promise<void>;
}

/** Starts it; it ends with this process. */
export async function startSqs(): Promise<SqsService> {
  const program = fileURLToPath(new URL('../../tools/brokers/main.ts', import.meta.url));
  const service = spawn(process.execPath, [program, 'sqs'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [url] = (await once(createInterface({ input: service.stdout }), 'line')) as [string];
  const { hostname: region, username, password, searchParams } = new URL(url);
  return {
    url,
    client: {
      region,
      endpoint: searchParams.get('endpoint') ?? '',
      credentials: { accessKeyId: username, secretAccessKey: password },
    },
    async close() {
      const exit = once(service, 'exit');
      service.stdin.end();
      await exit;
    },
  };
}

/** The queue of one measurement, the topic of its event, and a queue that gets the events. */
export interface SqsNames {
  readonly queue: string;
  readonly queueUrl: string;
  readonly topic: string;
  readonly topicArn: string;
  readonly eventQueueUrl: string;
}

export async function makeQueues(
  { client }: SqsService,
  { directory }: Setting,
): Promise<SqsNames> {
  const [sqs, sns] = [new SQSClient(client), new SNSClient(client)];
  const queue = `bench-${basename(directory).replaceAll(/[^\w-]/g, '-')}`;
  const topic = `${queue}-placed`;
  const make = async (QueueName: string): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
  const queueUrl = await make(queue);
  await make('error');
  const eventQueueUrl = await make(`${queue}-events`);
  const { TopicArn: topicArn = '' } = await sns.send(new CreateTopicCommand({ Name: topic }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: eventQueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: Attributes?.['QueueArn'],
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  sqs.destroy();
  sns.destroy();
  return { queue, queueUrl, topic, topicArn, eventQueueUrl };
}

/** Empties a queue and gives the ids of the orders that were in it. */
export async function drainSqs(
  { client }: SqsService,
  QueueUrl: string,
): Promise<readonly number[]> {
  const sqs = new SQSClient(client);
  const ids: number[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) break;
    ids.push(...Messages.map(({ Body = '' }) => (JSON.parse(Body) as Order).id));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
    }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  sqs.destroy();
  return ids;
}
