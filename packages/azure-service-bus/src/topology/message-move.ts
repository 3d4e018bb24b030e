import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { BusbarError, type Clock, type MoveRequest } from '@busbar/core';
import { ownProperties } from '../message/own-properties.ts';
import { OutcomeTurns } from '../receiving/outcome-turns.ts';
import { handedBackOf } from '../receiving/start-count.ts';
import type { Dispatcher } from '../sending/dispatcher.ts';
import { copyOf, nativeIdOf } from './stored-message.ts';

/** The service hands over no more at once. */
const page = 250;
/** The SDK receives no more than 2 048 over one link until some are settled, and does not say so. */
const mostOverLink = 1_000;
/** No message that can be received comes for so long: the rest is held by others. */
const patienceMs = 2_000;
/** The part of their lock for which those that are passed over are held. */
const heldPart = 0.7;
const shortestLockMs = 5_000;

/** What a {@link MessageMove} works with. */
export interface MessageMoveParts {
  readonly request: MoveRequest;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** Another link to the same place; undefined where there can be one only. */
  readonly open: () => ServiceBusReceiver | undefined;
}

/**
 * Moves chosen messages out of one place. The service hands over from the oldest on, so all before them are received,
 * and held until the last one was reached: what is given back sooner would only come again.
 */
export class MessageMove {
  readonly #parts: MessageMoveParts;
  readonly #passed: { receiver: ServiceBusReceiver; message: ServiceBusReceivedMessage }[] = [];
  readonly #seen = new Set<string>();
  readonly #opened: ServiceBusReceiver[] = [];
  #overLink = 0;
  /** By the monotonic clock. */
  #until = Number.POSITIVE_INFINITY;

  constructor(parts: MessageMoveParts) {
    this.#parts = parts;
  }

  /**
   * @param stored all messages, the oldest first
   * @param found those that are wanted
   */
  async run(
    first: ServiceBusReceiver,
    stored: readonly ServiceBusReceivedMessage[],
    found: readonly ServiceBusReceivedMessage[],
  ): Promise<number> {
    const left = new Set(found.map(nativeIdOf));
    const before = 1 + stored.findLastIndex((message) => left.has(nativeIdOf(message)));
    let receiver: ServiceBusReceiver | undefined = first;
    let moved = 0;
    try {
      while (left.size > 0 && this.#seen.size < before) {
        receiver = this.#linkWithRoom(receiver);
        if (receiver === undefined || this.#parts.clock.monotonic() > this.#until) break;
        const most = Math.min(page, mostOverLink - this.#overLink, before - this.#seen.size);
        const messages = await this.#receive(receiver, most);
        if (messages === undefined) break;
        const chosen = messages.filter((message) => left.delete(nativeIdOf(message)));
        this.#pass(
          receiver,
          messages.filter((message) => !chosen.includes(message)),
        );
        moved += await this.#moveSome(receiver, chosen);
      }
    } finally {
      const turns = new OutcomeTurns();
      await Promise.all(this.#passed.map((each) => giveBack(each.receiver, each.message, turns)));
      await Promise.all(this.#opened.map((each) => each.close().catch(() => undefined)));
    }
    return moved;
  }

  #linkWithRoom(receiver: ServiceBusReceiver): ServiceBusReceiver | undefined {
    if (this.#overLink < mostOverLink) return receiver;
    const next = this.#parts.open();
    if (next === undefined) return undefined;
    this.#opened.push(next);
    this.#overLink = 0;
    return next;
  }

  /** Undefined when no more come, or one comes again, because its lock was over. */
  async #receive(
    receiver: ServiceBusReceiver,
    most: number,
  ): Promise<readonly ServiceBusReceivedMessage[] | undefined> {
    const messages = await receiver.receiveMessages(most, { maxWaitTimeInMs: patienceMs });
    const { clock } = this.#parts;
    const again = messages.some((message) => this.#seen.has(nativeIdOf(message)));
    for (const message of messages) {
      this.#seen.add(nativeIdOf(message));
      const locked = (message.lockedUntilUtc?.getTime() ?? 0) - clock.now();
      const heldMs = Math.max(shortestLockMs, locked) * heldPart;
      this.#until = Math.min(this.#until, clock.monotonic() + heldMs);
    }
    if (messages.length > 0 && !again) return messages;
    this.#pass(receiver, messages);
    return undefined;
  }

  #pass(receiver: ServiceBusReceiver, messages: readonly ServiceBusReceivedMessage[]): void {
    this.#overLink += messages.length;
    for (const message of messages) this.#passed.push({ receiver, message });
  }

  /** @throws BusbarError UNDELIVERABLE, OUTCOME_UNKNOWN */
  async #moveSome(
    receiver: ServiceBusReceiver,
    messages: readonly ServiceBusReceivedMessage[],
  ): Promise<number> {
    const { clock, dispatcher, request } = this.#parts;
    const copies = messages.map((message) => copyOf(message, request, clock.now()));
    const results = await dispatcher.forward(request.to, copies);
    let failure: BusbarError | undefined;
    const confirmed: ServiceBusReceivedMessage[] = [];
    for (const [index, message] of messages.entries()) {
      const result = results[index];
      if (result?.outcome === 'confirmed') {
        confirmed.push(message);
        continue;
      }
      this.#pass(receiver, [message]);
      failure ??= new BusbarError(
        result?.outcome === 'undeliverable' ? 'UNDELIVERABLE' : 'OUTCOME_UNKNOWN',
        `Message ${nativeIdOf(message)} was not moved to "${request.to}": ${result?.reason ?? 'no answer'}`,
        { details: { nativeId: nativeIdOf(message), to: request.to } },
      );
    }
    await Promise.all(confirmed.map((message) => receiver.completeMessage(message)));
    if (failure !== undefined) throw failure;
    return confirmed.length;
  }
}

/** To have been looked at counts as a delivery to the service, and not to us. */
async function giveBack(
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
  turns: OutcomeTurns,
): Promise<void> {
  const handedBack = String(handedBackOf(message) + 1);
  await turns.take(receiver, handedBack);
  await receiver
    .abandonMessage(message, { [ownProperties.handedBack]: handedBack })
    .catch(() => undefined);
}
