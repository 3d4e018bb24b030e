import { BusbarError } from '../errors.ts';
import type { Delivery } from './delivery.ts';
import type { DispatchResult, TransportOperation } from './operations.ts';

/** What an adapter knows of a delivery when it makes one. */
export interface HeldDeliveryInit {
  readonly nativeId: string;
  readonly queue: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** @default 1 */
  readonly deliveryCount?: number;
  /** @default false */
  readonly diedAlone?: boolean;
  readonly poison?: BusbarError;
  readonly native?: unknown;
}

/**
 * The delivery that adapters make and feed to a {@link DeliveryPump}. The abort signal comes into being when somebody
 * asks for it, since most handlers never do.
 */
export class HeldDelivery implements Delivery {
  readonly nativeId: string;
  readonly queue: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly deliveryCount: number;
  readonly diedAlone: boolean;
  declare readonly poison?: BusbarError;
  readonly native: unknown;
  settleWith?(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]>;
  #reason: Error | undefined;
  #controller: AbortController | undefined;

  constructor(init: HeldDeliveryInit) {
    this.nativeId = init.nativeId;
    this.queue = init.queue;
    this.headers = init.headers;
    this.body = init.body;
    this.deliveryCount = init.deliveryCount ?? 1;
    this.diedAlone = init.diedAlone ?? false;
    this.native = init.native;
    if (init.poison !== undefined) this.poison = init.poison;
  }

  get lost(): boolean {
    return this.#reason !== undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Marks the hold as lost and fires the signal. The first reason stays. */
  lose(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = new BusbarError(
      'DELIVERY_LOST',
      `Delivery ${this.nativeId} was lost: ${reason}.`,
      {
        details: { nativeId: this.nativeId, queue: this.queue },
      },
    );
    this.#controller?.abort(this.#reason);
  }

  /** @throws BusbarError DELIVERY_LOST once the hold is lost. */
  throwIfLost(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}
