import type { ServiceBusClient } from '@azure/service-bus';
import { kindOf, toBusbarError } from '../connection/service-failure.ts';

/** Finds out whether a queue exists, for those who may not ask the administration interface. */
export class EntityProbe {
  readonly #client: ServiceBusClient;
  readonly #host: string;

  constructor(client: ServiceBusClient, host: string) {
    this.#client = client;
    this.#host = host;
  }

  /**
   * Opens the way to the queue, first as one who sends, then as one who receives: a policy may have one of the rights.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  async exists(queue: string): Promise<boolean> {
    const sender = this.#client.createSender(queue);
    try {
      await sender.createMessageBatch();
      return true;
    } catch (error) {
      const kind = kindOf(error);
      if (kind === 'missing') return false;
      if (kind !== 'unauthorized')
        throw toBusbarError(error, `looking for the queue "${queue}"`, this.#host);
    } finally {
      await sender.close().catch(() => undefined);
    }
    return this.#canListen(queue);
  }

  async #canListen(queue: string): Promise<boolean> {
    const receiver = this.#client.createReceiver(queue);
    try {
      await receiver.peekMessages(1);
      return true;
    } catch (error) {
      if (kindOf(error) === 'missing') return false;
      throw toBusbarError(error, `looking for the queue "${queue}"`, this.#host);
    } finally {
      await receiver.close().catch(() => undefined);
    }
  }
}
