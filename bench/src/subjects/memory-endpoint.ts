import {
  type Endpoint,
  type HandlerEntry,
  MemoryBroker,
  consoleLogger,
  createEndpoint,
  memoryTransport,
} from '@busbar/core';
import { InFlight, eachId } from '../in-flight.ts';
import type { Ledger } from '../ledger.ts';
import { order } from '../order.ts';
import { PlaceOrder } from './order-messages.ts';

const senders = 64;
const mostInFlight = 256;

/** An endpoint as `createEndpoint` gives it, without any option that would make it faster. */
export class MemoryEndpoint {
  readonly endpoint: Endpoint;
  readonly #inFlight = new InFlight(mostInFlight);

  constructor(handlers: readonly HandlerEntry[]) {
    this.endpoint = createEndpoint('bench', {
      transport: memoryTransport({ broker: new MemoryBroker() }),
      handlers,
      logger: consoleLogger({ level: 'warn' }),
    });
  }

  /** Sends a command for each id, never more than {@link mostInFlight} ahead of what was handled. */
  async stream(ledger: Ledger): Promise<void> {
    const { endpoint } = this;
    await eachId(ledger, senders, async (id) => {
      const room = this.#inFlight.enter();
      if (room !== undefined) await room;
      ledger.started(id);
      await endpoint.sendLocal(new PlaceOrder(order(id)));
    });
    await ledger.all;
  }

  /** A message that was counted when it was sent is out of the way. */
  handled(): void {
    this.#inFlight.leave();
  }
}
