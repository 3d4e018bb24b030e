import { BusbarError, asError } from '../errors.ts';
import { pause } from '../time/clock.ts';
import type { FailureDecision, OnError, OnMessage } from './delivery.ts';
import { type DeliveryEntry, refusalOf } from './delivery-entry.ts';
import type { DeliveryLog } from './delivery-log.ts';
import type { DeliveryPumpOptions } from './delivery-source.ts';
import type { HeldDelivery } from './held-delivery.ts';
import { HomeContext } from './home-context.ts';

/** The pump, as what brings its deliveries to their ends sees it. */
export interface RunnerHost<D extends HeldDelivery> {
  accepting(): boolean;
  /** The message is done with. */
  progress(entry: DeliveryEntry<D>): undefined;
  pauseBecause(reason: string): void;
  /** Gives it back; never rejects. */
  release(entry: DeliveryEntry<D>): Promise<void>;
  /** Its hold was lost, and it has ended; never rejects. */
  lost(entry: DeliveryEntry<D>): Promise<void>;
  /** It has left the hands of this receiver in one way or another. */
  ended(entry: DeliveryEntry<D>): void;
}

/** Brings deliveries that a pump begins to their ends: attempts, decisions about failures, settling. */
export class DeliveryRunner<D extends HeldDelivery> {
  readonly #options: DeliveryPumpOptions<D>;
  readonly #log: DeliveryLog;
  readonly #host: RunnerHost<D>;
  #onMessage: OnMessage | undefined;
  #onError: OnError | undefined;
  #stopping = new AbortController();
  #home = new HomeContext();

  constructor(options: DeliveryPumpOptions<D>, log: DeliveryLog, host: RunnerHost<D>) {
    this.#options = options;
    this.#log = log;
    this.#host = host;
  }

  /** Where everything runs that handles a message. */
  get home(): HomeContext {
    return this.#home;
  }

  start(onMessage: OnMessage, onError: OnError): void {
    this.#onMessage = onMessage;
    this.#onError = onError;
    this.#stopping = new AbortController();
    this.#home = new HomeContext();
  }

  /** Ends the pauses before attempts. */
  stop(): void {
    this.#stopping.abort();
  }

  begin(entry: DeliveryEntry<D>): void {
    this.#home.run(this.bringToEnd, entry);
  }

  /** Never rejects. One flat function, because every `async` layer costs each message two turns of the microtask queue. */
  readonly bringToEnd = async (entry: DeliveryEntry<D>): Promise<void> => {
    const { delivery } = entry;
    const onMessage = this.#onMessage as OnMessage;
    try {
      // One whose hold was lost while it waited for its turn is somebody else's already.
      for (let failures = 0; !delivery.lost; failures += 1) {
        let failure = refusalOf(delivery, this.#options.suspicionAfter);
        if (failure === undefined) {
          try {
            const outcome = await onMessage({
              delivery,
              headers: { ...delivery.headers },
              failures,
            });
            const settling =
              outcome === 'settle' ? this.#settle(entry) : this.#host.progress(entry);
            if (settling !== undefined) await settling;
            break;
          } catch (error) {
            failure = asError(error);
          }
        }
        if (!(await this.#recover(entry, failures + 1, failure))) break;
      }
    } catch (error) {
      // Only a mistake of the pump or of a source comes here; the message is kept whatever it was.
      this.#critical(asError(error));
      if (!entry.abandoned) await this.#host.release(entry);
    }
    if (entry.abandoned) return;
    if (entry.delivery.lost && entry.lane !== undefined) await this.#host.lost(entry);
    if (!entry.abandoned) this.#host.ended(entry);
  };

  /** Asks what to do about a failed attempt and does it. True means: try again, the delivery is still held. */
  async #recover(entry: DeliveryEntry<D>, failures: number, failure: Error): Promise<boolean> {
    const { delivery } = entry;
    if (entry.abandoned) return false;
    if (delivery.lost) {
      this.#log.lost(delivery, failure);
      return false;
    }
    const decision = await this.#decide(entry, failures, failure);
    if (entry.abandoned || delivery.lost) return false;
    if (decision.action === 'settle') {
      await this.#settle(entry);
      return false;
    }
    if (decision.action === 'settled') {
      this.#host.progress(entry);
      return false;
    }
    if (decision.action === 'retry') {
      if (decision.afterMs !== undefined && this.#host.accepting()) {
        const ended = AbortSignal.any([delivery.signal, this.#stopping.signal]);
        await pause(this.#options.clock, decision.afterMs, ended);
      }
      if (delivery.lost) return false;
      // Once stopping, a failed message goes back to the queue instead of holding the stop up. One that must not be
      // handled has nothing to try again: it comes back from the broker, which does not starve the others.
      if (this.#host.accepting() && refusalOf(delivery, this.#options.suspicionAfter) === undefined)
        return true;
    }
    await this.#host.release(entry);
    return false;
  }

  async #decide(entry: DeliveryEntry<D>, failures: number, error: Error): Promise<FailureDecision> {
    const { delivery } = entry;
    const onError = this.#onError as OnError;
    try {
      const failure = { delivery, headers: { ...delivery.headers }, failures, error };
      return await this.home.call(onError, failure);
    } catch (thrown) {
      if (delivery.lost || entry.abandoned) return { action: 'release' };
      const cause = asError(thrown);
      this.#host.pauseBecause(cause.message);
      this.#critical(cause);
      return { action: 'release' };
    }
  }

  /** Never throws or rejects. */
  #settle(entry: DeliveryEntry<D>): Promise<void> | undefined {
    if (entry.delivery.lost) {
      this.#log.lost(entry.delivery);
      return undefined;
    }
    try {
      const settling = this.#options.source.settle(entry.delivery);
      if (settling === undefined) return this.#host.progress(entry);
      return this.#whenSettled(entry, settling);
    } catch (error) {
      return this.#notSettled(entry, asError(error));
    }
  }

  async #whenSettled(entry: DeliveryEntry<D>, settling: Promise<void> | void): Promise<void> {
    try {
      await settling;
    } catch (error) {
      await this.#notSettled(entry, asError(error));
      return;
    }
    this.#host.progress(entry);
  }

  async #notSettled(entry: DeliveryEntry<D>, error: Error): Promise<void> {
    if (error instanceof BusbarError && error.code === 'DELIVERY_LOST') {
      entry.delivery.lose('another receiver has it');
      this.#log.lost(entry.delivery, error);
      return;
    }
    this.#log.notSettled(entry.delivery, error);
    // Without a pause a broker that takes no acknowledgement would have the handler run in a tight loop.
    this.#host.pauseBecause(error.message);
    if (!entry.abandoned) await this.#host.release(entry);
  }

  #critical(error: Error): void {
    try {
      this.#options.onCritical(error);
    } catch (thrown) {
      this.#log.hookThrew(this.#options.queue, thrown);
    }
  }
}
