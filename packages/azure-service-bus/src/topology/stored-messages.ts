import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';
import {
  BusbarError,
  type Clock,
  type MoveRequest,
  type StoredMessage,
  asError,
} from '@busbar/core';
import { receiverOptions } from '../connection/clients.ts';
import { kindOf, toBusbarError } from '../connection/service-failure.ts';
import { readMessage } from '../message/read-message.ts';
import type { Dispatcher } from '../sending/dispatcher.ts';
import type { NativeMessageMapping } from '../service-bus-options.ts';
import { checkBystanders } from './bystanders.ts';
import { MessageMove } from './message-move.ts';
import { placeOf } from './names.ts';
import { nativeIdOf, peekAll, stillThere } from './stored-message.ts';

/** What {@link StoredMessages} works with. */
export interface StoredMessagesParts {
  readonly client: ServiceBusClient;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly host: string;
  readonly nativeMessages: NativeMessageMapping | undefined;
  /** The deliveries after which a queue gives a message up, undefined where it cannot be asked. */
  readonly deliveryLimitOf: (queue: string) => Promise<number | undefined>;
}

/** Looks at messages where they are, and moves chosen ones: also those of the dead-letter queues. */
export class StoredMessages {
  readonly #parts: StoredMessagesParts;

  constructor(parts: StoredMessagesParts) {
    this.#parts = parts;
  }

  async peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    const messages = await this.#at(queue, 'looking at', (receiver) => peekAll(receiver, limit));
    const { nativeMessages } = this.#parts;
    const asIn = placeOf(queue).queue ?? queue;
    return messages.map((message) => {
      const { headers, body } = readMessage(message, asIn, nativeMessages);
      return { nativeId: nativeIdOf(message), headers, body };
    });
  }

  async move(request: MoveRequest): Promise<number> {
    const { from, nativeIds } = request;
    const wanted = new Set(nativeIds);
    return this.#at(from, 'moving messages out of', async (receiver) => {
      const stored = await peekAll(receiver, Number.POSITIVE_INFINITY);
      const found = stored.filter((message) => wanted.has(nativeIdOf(message)));
      if (found.length === 0) return 0;
      await this.#check(from, stored, found);
      const moved = await this.#move(receiver, stored, found, request);
      if (moved < found.length) await checkNoneLeft(receiver, found, request, moved);
      return moved;
    });
  }

  async #check(
    from: string,
    stored: readonly ServiceBusReceivedMessage[],
    found: readonly ServiceBusReceivedMessage[],
  ): Promise<void> {
    const { queue, sub } = placeOf(from);
    // A dead-letter queue gives nothing up.
    if (queue === undefined || sub !== undefined) return;
    const limit = await this.#parts.deliveryLimitOf(queue);
    if (limit !== undefined) checkBystanders(queue, stored, found, limit);
  }

  async #move(
    receiver: ServiceBusReceiver,
    stored: readonly ServiceBusReceivedMessage[],
    found: readonly ServiceBusReceivedMessage[],
    request: MoveRequest,
  ): Promise<number> {
    const { client, dispatcher, clock } = this.#parts;
    const { queue, sub } = placeOf(request.from);
    const open = (): ServiceBusReceiver => receiverAt(client, request.from);
    try {
      return await new MessageMove({ request, dispatcher, clock, open }).run(
        receiver,
        stored,
        found,
      );
    } catch (error) {
      if (!needsSession(error) || queue === undefined || sub !== undefined) throw error;
      return this.#moveBySessions(queue, stored, found, request);
    }
  }

  async #moveBySessions(
    queue: string,
    stored: readonly ServiceBusReceivedMessage[],
    found: readonly ServiceBusReceivedMessage[],
    request: MoveRequest,
  ): Promise<number> {
    const { client, dispatcher, clock } = this.#parts;
    let moved = 0;
    for (const session of new Set(found.map(({ sessionId }) => sessionId ?? ''))) {
      const inSession = ({ sessionId = '' }: ServiceBusReceivedMessage): boolean =>
        sessionId === session;
      const receiver = await client.acceptSession(queue, session, receiverOptions);
      try {
        const [all, some] = [stored.filter(inSession), found.filter(inSession)];
        // A session is received over one link.
        const move = new MessageMove({ request, dispatcher, clock, open: () => undefined });
        moved += await move.run(receiver, all, some);
      } finally {
        await receiver.close().catch(() => undefined);
      }
    }
    return moved;
  }

  async #at<T>(
    name: string,
    doing: string,
    action: (receiver: ServiceBusReceiver) => Promise<T>,
  ): Promise<T> {
    const receiver = receiverAt(this.#parts.client, name);
    try {
      return await action(receiver);
    } catch (error) {
      throw toBusbarError(error, `${doing} the queue "${name}"`, this.#parts.host);
    } finally {
      await receiver.close().catch(() => undefined);
    }
  }
}

/**
 * What is gone was moved or handled by others. What still lies there was not reached, which must not look like success.
 *
 * @throws BusbarError TRANSPORT_UNAVAILABLE
 */
async function checkNoneLeft(
  receiver: ServiceBusReceiver,
  found: readonly ServiceBusReceivedMessage[],
  { from }: MoveRequest,
  moved: number,
): Promise<void> {
  const left = await stillThere(receiver, found);
  if (left.length === 0) return;
  throw new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `${moved} of ${found.length} messages were moved out of the queue "${from}"; the others could not be reached and still lie there, the first of them ${left[0]}.`,
    {
      help: 'They are held by a receiver or deferred, or more messages lie before them than can be received within a lock: stop the receiver, or move older messages first, and try again.',
      details: { queue: from, moved, nativeIds: left },
    },
  );
}

function receiverAt(client: ServiceBusClient, name: string): ServiceBusReceiver {
  const { queue, topic, subscription, sub } = placeOf(name);
  const options = { ...receiverOptions, ...(sub !== undefined && { subQueueType: sub }) };
  return topic === undefined || subscription === undefined
    ? client.createReceiver(queue ?? name, options)
    : client.createReceiver(topic, subscription, options);
}

/** A queue with sessions gives nothing to who does not say which. */
function needsSession(thrown: unknown): boolean {
  return kindOf(thrown) === 'other' && /session/i.test(asError(thrown).message);
}
