import { randomUUID } from 'node:crypto';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import type { Order } from '../order.ts';
import type { SqsNames, SqsService } from '../sqs-service.ts';
import { Tens } from './tens.ts';

/** Handles a message, which is deleted afterwards. */
export type HandleOrder = (message: Order) => Promise<void>;

export interface SqsTwinOptions {
  readonly service: SqsService;
  readonly names: SqsNames;
  readonly atOnce: number;
  readonly handle: HandleOrder;
}

interface Outgoing {
  readonly body: string;
  readonly headers: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The transport's own defaults. */
const windowMs = 5;
const deletionWindowMs = 25;
const visibilitySeconds = 30;
const mostAttempts = 6;

/**
 * SQS and SNS as somebody would use them by hand who knows them well: all calls in batches of ten, results of entries
 * looked at, separate clients to receive and to send, as many polls as handlers can keep busy, messages held until they
 * are deleted.
 */
export class SqsTwin {
  readonly #options: SqsTwinOptions;
  readonly #receiving: SQSClient;
  readonly #sending: SQSClient;
  readonly #sns: SNSClient;
  readonly #sends: Tens<Outgoing>;
  readonly #publications: Tens<Outgoing>;
  readonly #deletions: Tens<Message>;
  readonly #held = new Map<Message, number>();
  readonly #waiting: Message[] = [];
  readonly #renewing: NodeJS.Timeout;
  readonly #polls: Promise<void>[] = [];
  #running = 0;
  #sleepers: (() => void)[] = [];
  readonly #cut = new AbortController();

  constructor(options: SqsTwinOptions) {
    const { client } = options.service;
    this.#options = options;
    this.#receiving = new SQSClient({
      ...client,
      requestHandler: { httpAgent: { maxSockets: 64 } },
    });
    this.#sending = new SQSClient(client);
    this.#sns = new SNSClient(client);
    this.#sends = new Tens(windowMs, (batch) => this.#send(batch));
    this.#publications = new Tens(windowMs, (batch) => this.#publish(batch));
    this.#deletions = new Tens(deletionWindowMs, (batch) => this.#delete(batch));
    this.#renewing = setInterval(() => void this.#renew(), (visibilitySeconds * 1_000) / 4);
    const polls = Math.ceil(options.atOnce / 10);
    for (let index = 0; index < polls; index += 1) this.#polls.push(this.#poll());
  }

  /** Sends to the twin's own queue. Resolves when SQS has it. */
  send(message: Order): Promise<void> {
    return this.#through(this.#sends, 'Bench.PlaceOrder', message);
  }

  /** Publishes an event. Resolves when SNS has it. */
  publish(message: Order): Promise<void> {
    return this.#through(this.#publications, 'Bench.OrderPlaced', message);
  }

  async close(): Promise<void> {
    this.#cut.abort();
    clearInterval(this.#renewing);
    this.#wake();
    await Promise.all([this.#sends.flush(), this.#publications.flush(), this.#deletions.flush()]);
    for (const client of [this.#receiving, this.#sending, this.#sns]) client.destroy();
    await Promise.allSettled(this.#polls);
  }

  #through(tens: Tens<Outgoing>, type: string, message: Order): Promise<void> {
    const headers = JSON.stringify({ id: randomUUID(), type, contentType: 'application/json' });
    return new Promise((resolve, reject) => {
      tens.add({ body: JSON.stringify(message), headers, resolve, reject });
    });
  }

  async #send(batch: readonly Outgoing[]): Promise<void> {
    const Entries = batch.map(({ body, headers }, index) => ({
      Id: String(index),
      MessageBody: body,
      MessageAttributes: { headers: { DataType: 'String', StringValue: headers } },
    }));
    const QueueUrl = this.#options.names.queueUrl;
    answer(batch, await this.#sending.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  }

  async #publish(batch: readonly Outgoing[]): Promise<void> {
    const PublishBatchRequestEntries = batch.map(({ body, headers }, index) => ({
      Id: String(index),
      Message: body,
      MessageAttributes: { headers: { DataType: 'String', StringValue: headers } },
    }));
    const TopicArn = this.#options.names.topicArn;
    const command = new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries });
    answer(batch, await this.#sns.send(command));
  }

  async #poll(): Promise<void> {
    while (!this.#cut.signal.aborted) {
      if (this.#waiting.length >= this.#options.atOnce) {
        await new Promise<void>((resolve) => this.#sleepers.push(resolve));
        continue;
      }
      const { Messages = [] } = await this.#receiving.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#options.names.queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          VisibilityTimeout: visibilitySeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        { abortSignal: this.#cut.signal },
      );
      const until = performance.now() + visibilitySeconds * 1_000;
      for (const message of Messages) this.#held.set(message, until);
      this.#waiting.push(...Messages);
      this.#goOn();
    }
  }

  #goOn(): void {
    while (this.#running < this.#options.atOnce) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      void this.#take(message);
    }
    if (this.#waiting.length < this.#options.atOnce) this.#wake();
  }

  #wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake();
  }

  async #take(message: Message): Promise<void> {
    this.#running += 1;
    if (await this.#tried(message)) this.#deletions.add(message);
    else this.#held.delete(message);
    this.#running -= 1;
    this.#goOn();
  }

  async #tried({ Body = '', MessageAttributes }: Message): Promise<boolean> {
    const headers: unknown = JSON.parse(MessageAttributes?.['headers']?.StringValue ?? '{}');
    if (headers === undefined) return false;
    const message = JSON.parse(Body) as Order;
    for (let attempts = 1; ; attempts += 1) {
      try {
        await this.#options.handle(message);
        return true;
      } catch {
        if (attempts === mostAttempts) return false;
      }
    }
  }

  async #delete(batch: readonly Message[]): Promise<void> {
    const Entries = batch.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const QueueUrl = this.#options.names.queueUrl;
    const { Failed = [] } = await this.#sending.send(
      new DeleteMessageBatchCommand({ QueueUrl, Entries }),
    );
    if (Failed.length > 0) throw new Error(`${Failed.length} messages were not deleted.`);
    for (const message of batch) this.#held.delete(message);
  }

  async #renew(): Promise<void> {
    const soon = performance.now() + (visibilitySeconds * 1_000) / 2;
    const due = [...this.#held].filter(([, until]) => until < soon).map(([message]) => message);
    for (let from = 0; from < due.length; from += 10) {
      const batch = due.slice(from, from + 10);
      const Entries = batch.map(({ ReceiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle,
        VisibilityTimeout: visibilitySeconds,
      }));
      const QueueUrl = this.#options.names.queueUrl;
      await this.#sending.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
      for (const message of batch) {
        this.#held.set(message, performance.now() + visibilitySeconds * 1_000);
      }
    }
  }
}

function answer(
  batch: readonly Outgoing[],
  {
    Failed = [],
  }: { readonly Failed?: readonly { readonly Id?: string | undefined }[] | undefined },
): void {
  const failed = new Set(Failed.map(({ Id }) => Id));
  for (const [index, { resolve, reject }] of batch.entries()) {
    if (failed.has(String(index))) reject(new Error('It was not stored.'));
    else resolve();
  }
}
