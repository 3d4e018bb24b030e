import type {
  MessageHandlers,
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';
import type { Clock } from '@busbar/core';
import { receiverOptions } from '../connection/clients.ts';
import { isAbort, kindOf } from '../connection/service-failure.ts';
import type { Holdings } from './holdings.ts';
import type { LinkAge } from './service-bus-delivery.ts';
import type { Trouble } from './trouble.ts';

/** A link that is closed for so long, with nothing said about it, is not opened again. */
const closedTooLongMs = 8_000;

/** What the SDK keeps to itself. */
interface ReceiverInside {
  readonly _streamingReceiver?: { readonly link?: { isOpen?(): boolean } | undefined };
}

/** The SDK calls these as well, though its types do not say so. */
interface LinkHandlers extends MessageHandlers {
  postInitialize(): Promise<void>;
}

/**
 * One subscription of the SDK. It asks for as many messages as its window has room for, and for one more each time that a
 * handler of it ends: so a handler ends when its message is done with, and the window is what may be held.
 */
export class StreamLink implements LinkAge {
  readonly receiver: ServiceBusReceiver;
  readonly window: number;
  age = 0;
  readonly #holdings: Holdings;
  readonly #trouble: Trouble;
  readonly #clock: Clock;
  /** By the monotonic clock: when something came, or was said of the link. */
  #heardAt: number;
  #retired = false;
  #closeSubscription: (() => Promise<void>) | undefined;
  /** Messages that it brought and that are held. */
  #held = 0;
  /** Places in the window that are empty, and for which no message is wanted for now. */
  #withheld = 0;
  #quiet = false;

  constructor(
    client: ServiceBusClient,
    queue: string,
    window: number,
    holdings: Holdings,
    trouble: Trouble,
    clock: Clock,
  ) {
    this.receiver = client.createReceiver(queue, receiverOptions);
    this.window = window;
    this.#holdings = holdings;
    this.#trouble = trouble;
    this.#clock = clock;
    this.#heardAt = clock.monotonic();
  }

  start(): void {
    const handlers: LinkHandlers = {
      processMessage: (message) => this.#arrived(message),
      processError: async ({ error, errorSource }) => {
        this.#heardAt = this.#clock.monotonic();
        if (this.#quiet || isAbort(error)) return;
        // Of a message, and told to who settles it.
        if (errorSource !== 'receive' && kindOf(error) === 'lost') return;
        this.#trouble.note(error);
      },
      postInitialize: async () => {
        this.#heardAt = this.#clock.monotonic();
        this.#trouble.over();
        // What was being settled over the link before gets no answer any more.
        this.age += 1;
        if (this.age > 1) this.#holdings.relinked(this.receiver);
      },
    };
    const subscription = this.receiver.subscribe(handlers, {
      autoCompleteMessages: false,
      maxConcurrentCalls: this.window,
    });
    this.#closeSubscription = () => subscription.close();
  }

  /** Milliseconds since something came, or was said of the link. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  /** There is room for more. */
  get hungry(): boolean {
    return this.#held + this.#withheld < this.window;
  }

  /** The SDK has lost its link and does nothing about it, which it is known for. */
  get stalled(): boolean {
    const { _streamingReceiver: inside } = this.receiver as unknown as ReceiverInside;
    if (this.#quiet || inside === undefined || this.silentMs < closedTooLongMs) return false;
    return inside.link?.isOpen?.() !== true;
  }

  /** What it brought is settled past it: it is not opened again when its connection is lost. */
  detach(): void {
    this.age += 1;
  }

  /** Another one takes its place: what it brought is settled past it, and then it is closed. */
  async retire(): Promise<void> {
    this.#retired = true;
    this.detach();
    await this.quiet();
    this.#holdings.relinked(this.receiver);
    if (this.#held === 0) await this.close();
  }

  /** Waits for nothing that is held still: the last one that leaves closes it. */
  async closeWhenLeft(): Promise<void> {
    this.#retired = true;
    if (this.#held > 0) return;
    await this.#holdings.idle();
    await this.close();
  }

  /** Never rejects. */
  async quiet(): Promise<void> {
    this.#quiet = true;
    try {
      await this.#closeSubscription?.();
    } catch {
      // The link is gone, and with it what it would have brought.
    }
  }

  async close(): Promise<void> {
    this.#quiet = true;
    try {
      await this.receiver.close();
    } catch {
      // Its connection is gone.
    }
  }

  #arrived(message: ServiceBusReceivedMessage): Promise<void> {
    this.#trouble.over();
    this.#heardAt = this.#clock.monotonic();
    // The SDK would settle a message with a session only over the link that brought it, and this queue has none.
    (message as { sessionId?: string | undefined }).sessionId = undefined;
    this.#held += 1;
    // After a reconnect the new link has its whole window, beside what is held from the old one.
    const surplus = this.#held + this.#withheld > this.window;
    return new Promise((resolve) => {
      const done = async (welcome?: Promise<void>): Promise<void> => {
        this.#left();
        if (welcome !== undefined) await this.#withhold(welcome);
        if (!surplus && !this.#quiet) resolve();
      };
      const origin = { receiver: this.receiver, link: this, late: this.#quiet, done };
      this.#holdings.arrived(message, origin);
    });
  }

  #left(): void {
    this.#held -= 1;
    // Not before the service has heard of the last one.
    if (this.#retired && this.#held === 0) void this.#holdings.idle().then(() => this.close());
  }

  async #withhold(welcome: Promise<void>): Promise<void> {
    this.#withheld += 1;
    await welcome;
    this.#withheld -= 1;
  }
}
