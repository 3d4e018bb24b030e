import type { DeliveryAttempt, OnMessage } from '../../../src/transport/delivery.ts';

/** Handlers that wait until a test says how they end. */
export class Doors {
  readonly entered: string[] = [];
  readonly #waiting = new Map<string, PromiseWithResolvers<'settle'>>();

  readonly onMessage: OnMessage = ({ delivery }: DeliveryAttempt) => {
    this.entered.push(delivery.nativeId);
    const door = Promise.withResolvers<'settle'>();
    this.#waiting.set(delivery.nativeId, door);
    return door.promise;
  };

  get inside(): string[] {
    return [...this.#waiting.keys()];
  }

  async leave(...nativeIds: string[]): Promise<void> {
    for (const nativeId of nativeIds) {
      this.#waiting.get(nativeId)?.resolve('settle');
      this.#waiting.delete(nativeId);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  async fail(nativeId: string, error = new Error(`${nativeId} failed`)): Promise<void> {
    this.#waiting.get(nativeId)?.reject(error);
    this.#waiting.delete(nativeId);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
