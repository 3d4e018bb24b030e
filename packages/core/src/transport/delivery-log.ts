import { asError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { Logger } from '../observability/logger.ts';
import type { Delivery } from './delivery.ts';

/** What a pump says about one delivery; the words that operators search for, in one place. */
export class DeliveryLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  lost(delivery: Delivery, error?: Error): void {
    const fields = { ...about(delivery, error), code: 'DELIVERY_LOST' };
    this.#logger.warn(fields, 'The delivery was lost while it was handled; it will come again');
  }

  abandoned(delivery: Delivery): void {
    this.#logger.warn(
      about(delivery),
      'A handler did not end before the stop deadline; its message was given back',
    );
  }

  notSettled(delivery: Delivery, error: Error): void {
    this.#logger.warn(
      about(delivery, error),
      'A handled message could not be settled; it will come again',
    );
  }

  notReleased(delivery: Delivery, error: unknown): void {
    this.#logger.warn(
      about(delivery, asError(error)),
      'A message could not be given back; it comes again when its hold ends',
    );
  }

  hookThrew(queue: string, error: unknown): void {
    this.#logger.error({ queue, err: asError(error) }, 'The critical-error hook threw');
  }
}

function about(delivery: Delivery, error?: Error): object {
  const { queue, nativeId, headers } = delivery;
  const fields = { queue, nativeId, messageId: headers[headerNames.messageId] };
  return error === undefined ? fields : { ...fields, err: error };
}
