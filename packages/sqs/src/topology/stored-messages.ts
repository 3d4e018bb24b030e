import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import {
  BusbarError,
  type Clock,
  type Logger,
  type MoveRequest,
  type StoredMessage,
} from '@busbar/core';
import { receiveEntries } from '../message/limits.ts';
import { writeHeaders } from '../message/header-text.ts';
import { readMessage } from '../message/read-message.ts';
import { type WireAttribute, attributeNames, isOurs } from '../message/wire-message.ts';
import { Deleter } from '../receiving/deleter.ts';
import type { Replacer } from '../receiving/replacer.ts';
import { Visibility } from '../receiving/visibility.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { type KnownQueue, type QueueDirectory, toBusbarError } from './queue-directory.ts';

/** What {@link StoredMessages} work with. */
export interface StoredMessagesParts {
  readonly client: SQSClient;
  readonly directory: QueueDirectory;
  readonly replacer: Replacer;
  readonly settings: SqsSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For how long what is looked at is kept from others, if it cannot be given back. */
const peekSeconds = 30;
/** What is taken out of the way of a move is kept from others for so long. */
const moveSeconds = 120;
/** For how long a move looks, so that it can send, delete and give back what it found before others get it. */
const lookMs = 80_000;

/**
 * Looks at messages and moves them. SQS shows a message only to one who receives it, so what is looked at is out of the
 * queue for a moment, and its receive count grows.
 */
export class StoredMessages {
  readonly #parts: StoredMessagesParts;

  constructor(parts: StoredMessagesParts) {
    this.#parts = parts;
  }

  async peek(name: string, limit: number): Promise<readonly StoredMessage[]> {
    const { directory, settings } = this.#parts;
    const queue = await directory.get(name);
    const found: Message[] = [];
    try {
      for await (const messages of this.#receive(queue, peekSeconds, () => limit - found.length)) {
        found.push(...messages);
      }
    } finally {
      await this.#giveBack(queue, found);
    }
    return found.map((message) => {
      const { headers, body } = readMessage(message, queue, settings.nativeMessages);
      return { nativeId: message.MessageId ?? '', headers: { ...headers }, body };
    });
  }

  async move({ from, to, nativeIds, headers = {} }: MoveRequest): Promise<number> {
    const { clock, directory, logger } = this.#parts;
    const [source, target] = [await directory.get(from), await directory.get(to)];
    const wanted = new Set(nativeIds);
    const passed: Message[] = [];
    const chosen: Message[] = [];
    const end = clock.monotonic() + lookMs;
    try {
      const left = (): number =>
        wanted.size === 0 || clock.monotonic() >= end ? 0 : receiveEntries;
      for await (const messages of this.#receive(source, moveSeconds, left)) {
        for (const message of messages) {
          const matches = wanted.delete(message.MessageId ?? '');
          (matches ? chosen : passed).push(message);
        }
      }
    } catch (error) {
      await this.#giveBack(source, [...passed, ...chosen]);
      throw error;
    }
    await this.#giveBack(source, passed);
    if (wanted.size > 0 && clock.monotonic() >= end) {
      const fields = { queue: from, notFound: wanted.size, seconds: lookMs / 1_000 };
      logger.warn(fields, 'A move did not get through the queue in its time, and left messages');
    }
    return this.#move(source, target, chosen, headers);
  }

  async #move(
    source: KnownQueue,
    target: KnownQueue,
    messages: readonly Message[],
    changes: NonNullable<MoveRequest['headers']>,
  ): Promise<number> {
    const { client, clock, replacer } = this.#parts;
    const deleter = new Deleter(client, source.url, clock, 5);
    const failures: string[] = [];
    const stays: Message[] = [];
    await Promise.all(
      messages.map(async (message) => {
        const { headers } = readMessage(message, source, undefined);
        const changed = withChanges(headers, changes);
        const attributes = attributeChanges(message, changed, changes);
        const result = await replacer.moved(target, message, changed, attributes);
        if (result.outcome !== 'confirmed') {
          failures.push(result.reason);
          stays.push(message);
          return;
        }
        await new Promise<void>((resolve) => {
          deleter.add({
            receiptHandle: message.ReceiptHandle ?? '',
            done: (failure) => {
              if (failure !== undefined) failures.push(failure);
              resolve();
            },
          });
        });
      }),
    );
    await this.#giveBack(source, stays);
    if (failures.length === 0) return messages.length;
    throw new BusbarError(
      'OUTCOME_UNKNOWN',
      `${failures.length} of ${messages.length} messages were not moved from "${source.queue}" to "${target.queue}": ${failures[0]}.`,
      { details: { from: source.queue, to: target.queue } },
    );
  }

  /** What can be received, until nothing more comes or nothing more is wanted. */
  async *#receive(
    queue: KnownQueue,
    seconds: number,
    wanted: () => number,
  ): AsyncGenerator<readonly Message[]> {
    const seen = new Set<string>();
    let wait = 0;
    while (wanted() > 0) {
      const messages = await this.#once(queue, seconds, Math.min(receiveEntries, wanted()), wait);
      const fresh = messages.filter(({ MessageId = '' }) => !seen.has(MessageId));
      for (const { MessageId = '' } of fresh) seen.add(MessageId);
      if (messages.length > 0) {
        yield messages;
        if (fresh.length === 0) return;
        wait = 0;
      } else {
        // A short poll asks only some of the servers that hold the queue; a long one asks all.
        if (wait > 0 || (await this.#seemsEmpty(queue))) return;
        wait = 1;
      }
    }
  }

  async #once(
    queue: KnownQueue,
    seconds: number,
    most: number,
    wait: number,
  ): Promise<readonly Message[]> {
    try {
      const { Messages = [] } = await this.#parts.client.send(
        new ReceiveMessageCommand({
          QueueUrl: queue.url,
          MaxNumberOfMessages: most,
          VisibilityTimeout: seconds,
          WaitTimeSeconds: wait,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
        }),
      );
      return Messages;
    } catch (error) {
      throw toBusbarError(error, `looking into the queue "${queue.queue}"`, 'sqs:ReceiveMessage');
    }
  }

  async #seemsEmpty({ url }: KnownQueue): Promise<boolean> {
    const { Attributes } = await this.#parts.client.send(
      new GetQueueAttributesCommand({
        QueueUrl: url,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    return Attributes?.['ApproximateNumberOfMessages'] === '0';
  }

  async #giveBack({ url }: KnownQueue, messages: readonly Message[]): Promise<void> {
    const { client, clock } = this.#parts;
    const visibility = new Visibility(client, url, clock, 1);
    await Promise.all(messages.map(({ ReceiptHandle = '' }) => visibility.giveBack(ReceiptHandle)));
  }
}

function withChanges(
  headers: Readonly<Record<string, string>>,
  changes: NonNullable<MoveRequest['headers']>,
): Record<string, string> {
  const changed: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}

/** Headers of a foreign message are its attributes. */
function attributeChanges(
  message: Message,
  changed: Readonly<Record<string, string>>,
  changes: NonNullable<MoveRequest['headers']>,
): Record<string, WireAttribute | undefined> {
  if (Object.keys(changes).length === 0) return {};
  if (isOurs(message)) return { [attributeNames.headers]: writeHeaders(changed) };
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [
      name,
      value === undefined || value === '' ? undefined : { DataType: 'String', StringValue: value },
    ]),
  );
}
