import type { Logger } from '../observability/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { HeldDelivery } from './held-delivery.ts';

/** What a {@link DeliveryPump} asks of the adapter that feeds it. `D` is the adapter's own delivery. */
export interface DeliverySource<D extends HeldDelivery = HeldDelivery> {
  /**
   * Removes the message from the queue, durably. DELIVERY_LOST is taken as a lost hold; after any other rejection the
   * message is released and the receiver pauses, since it would be handled again and again otherwise.
   *
   * @throws BusbarError DELIVERY_LOST when another receiver has it.
   */
  settle(delivery: D): Promise<void> | void;
  /**
   * Gives the message back, for any receiver, in its old place where the broker allows it. `begun` is false when no
   * attempt was started, so that a count of the adapter's own may stay as it was. A hold that was lost meanwhile, or a
   * message that was given back already, is no error. With a partition key, deliveries of the same key that were fetched
   * and not pushed yet go back as well, begun or not, or they would overtake it.
   */
  release(delivery: D, begun: boolean): Promise<void> | void;
  /**
   * A delivery whose hold was lost has ended, and comes again from the broker. For sources that hold more than they
   * pushed: deliveries of the same key that were not pushed yet go back, or they would overtake it. Called before the
   * next of the key may begin, with those that were pushed already under way to {@link DeliverySource.release}.
   */
  holdLost?(delivery: D): Promise<void> | void;
  /** Notes, durably and before the attempt, that this message is now handled alone. */
  markAlone(delivery: D): Promise<void> | void;
  /**
   * {@link DeliveryPump.room} may have grown: fetch more, without the keys for which {@link DeliveryPump.takesKey} is
   * false if the broker can leave them out. Called often; must be cheap.
   */
  roomGrew(): void;
}

/** Options of a {@link DeliveryPump}. */
export interface DeliveryPumpOptions<D extends HeldDelivery = HeldDelivery> {
  readonly queue: string;
  /** The most attempts at once; a whole number from 1. */
  readonly concurrency: number;
  /** A message that was delivered this often before is handled alone. */
  readonly suspicionAfter: number;
  readonly source: DeliverySource<D>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCritical: (error: Error) => void;
}
