import type {
  ServiceBusMessage,
  ServiceBusMessageBatch,
  ServiceBusSender,
} from '@azure/service-bus';
import { type DispatchResult, asError } from '@busbar/core';
import { kindOf } from '../connection/service-failure.ts';
import { noteUnstorable } from '../message/received-bodies.ts';
import { lighterCopies } from './lighter-copies.ts';
import { LinkClosed, linkIsOpen, whileOpen } from './link-watch.ts';
import { judgeSend } from './send-failure.ts';

/** The service takes no larger batch, however large a message it takes. */
const largestBatchBytes = 1_024 * 1_024;
/** The service takes 4 500; so many would only make others wait. */
const mostTogether = 1_000;

interface Waiting {
  readonly message: ServiceBusMessage;
  /** The body as the core gave it. */
  readonly body: Uint8Array;
  readonly resolve: (result: DispatchResult) => void;
}

/** What an entity sender works with. */
export interface EntitySenderParts {
  /** For reasons, such as `the queue "sales"`. */
  readonly where: string;
  /** What a missing entity means for a message. */
  readonly missing: DispatchResult;
  readonly open: () => ServiceBusSender;
  /** Further tries of a send whose link closed. */
  readonly retries: number;
}

/**
 * The way to one queue or topic. One batch is under way at a time, and what comes meanwhile is the next one: messages
 * keep their order, and the busier it is, the more go together.
 */
export class EntitySender {
  readonly #parts: EntitySenderParts;
  #sender: ServiceBusSender | undefined;
  #waiting: Waiting[] = [];
  #sending = false;
  #idleWaiters: (() => void)[] = [];
  /** By the monotonic clock of its owner. */
  usedAt = 0;

  constructor(parts: EntitySenderParts) {
    this.#parts = parts;
  }

  get idle(): boolean {
    return !this.#sending && this.#waiting.length === 0;
  }

  /** Takes a message; it leaves with the next {@link EntitySender.flush}. */
  add(message: ServiceBusMessage, body: Uint8Array): Promise<DispatchResult> {
    return new Promise((resolve) => this.#waiting.push({ message, body, resolve }));
  }

  flush(): void {
    if (!this.#sending && this.#waiting.length > 0) void this.#sendAll();
  }

  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  async close(): Promise<void> {
    const sender = this.#sender;
    this.#sender = undefined;
    await sender?.close().catch(() => undefined);
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0) {
      const [first, second] = this.#waiting;
      if (first !== undefined && second === undefined) {
        this.#waiting = [];
        await this.#sendAlone(first);
      } else {
        await this.#sendBatch();
      }
    }
    this.#sending = false;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  async #sendAlone({ message, body, resolve }: Waiting): Promise<void> {
    let result = await this.#trySend(message);
    if (result === 'too-large') {
      for (const lighter of lighterCopies(message)) {
        result = await this.#trySend(lighter);
        if (result !== 'too-large') break;
      }
    }
    if (result === 'too-large') noteUnstorable(body);
    resolve(
      result === 'too-large'
        ? { outcome: 'undeliverable', reason: `The message is too large for ${this.#parts.where}.` }
        : result,
    );
  }

  async #trySend(message: ServiceBusMessage): Promise<DispatchResult | 'too-large'> {
    try {
      await this.#send(message);
      return { outcome: 'confirmed' };
    } catch (error) {
      return kindOf(error) === 'too-large' ? 'too-large' : this.#judge(error, 1);
    }
  }

  async #sendBatch(): Promise<void> {
    let taken: Waiting[] = [];
    try {
      const batch = await this.#newBatch();
      taken = this.#take(batch);
      if (taken.length === 0) {
        // The first fits into no batch. Alone it may: the service bounds batches more closely than messages.
        const first = this.#waiting.shift();
        if (first !== undefined) await this.#sendAlone(first);
        return;
      }
      await this.#send(batch);
    } catch (error) {
      // Nothing was taken where the link could not be opened, and then none of them can be sent.
      if (taken.length === 0) taken = this.#waiting.splice(0);
      await this.#failed(taken, error);
      return;
    }
    for (const { resolve } of taken) resolve({ outcome: 'confirmed' });
  }

  async #newBatch(): Promise<ServiceBusMessageBatch> {
    const sender = this.#opened();
    const batch = await sender.createMessageBatch();
    if (batch.maxSizeInBytes <= largestBatchBytes) return batch;
    return sender.createMessageBatch({ maxSizeInBytes: largestBatchBytes });
  }

  /** Those that fit, from the first on. One that cannot be written is answered at once. */
  #take(batch: ServiceBusMessageBatch): Waiting[] {
    const taken: Waiting[] = [];
    let index = 0;
    for (; index < this.#waiting.length && taken.length < mostTogether; index += 1) {
      const waiting = this.#waiting[index] as Waiting;
      let added: boolean;
      try {
        added = batch.tryAddMessage(waiting.message);
      } catch (error) {
        waiting.resolve({ outcome: 'undeliverable', reason: asError(error).message });
        continue;
      }
      if (!added) break;
      taken.push(waiting);
    }
    this.#waiting.splice(0, index);
    return taken;
  }

  async #failed(taken: readonly Waiting[], error: unknown): Promise<void> {
    const judgement = judgeSend(error, taken.length, this.#parts.where);
    if (judgement === 'one-of-them') {
      for (const waiting of taken) await this.#sendAlone(waiting);
      return;
    }
    const result = judgement === 'missing' ? this.#parts.missing : judgement;
    for (const { resolve } of taken) resolve(result);
  }

  #judge(error: unknown, together: number): DispatchResult {
    const judgement = judgeSend(error, together, this.#parts.where);
    if (judgement === 'missing') return this.#parts.missing;
    return judgement === 'one-of-them'
      ? { outcome: 'unknown', reason: asError(error).message }
      : judgement;
  }

  /** Once more over a new link where the old one closed before the answer: at least once, and mostly once. */
  async #send(what: ServiceBusMessage | ServiceBusMessageBatch): Promise<void> {
    for (let left = this.#parts.retries; ; left -= 1) {
      const sender = this.#opened();
      if (linkIsOpen(sender) === false) await sender.createMessageBatch();
      try {
        await whileOpen(sender, (abortSignal) => sender.sendMessages(what, { abortSignal }));
        return;
      } catch (error) {
        if (!(error instanceof LinkClosed) || left <= 0) throw error;
      }
    }
  }

  #opened(): ServiceBusSender {
    this.#sender ??= this.#parts.open();
    return this.#sender;
  }
}
