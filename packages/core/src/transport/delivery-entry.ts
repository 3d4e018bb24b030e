import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { CrowdMember } from './crowd.ts';
import type { HeldDelivery } from './held-delivery.ts';

/** A delivery on its way through a pump. */
export class DeliveryEntry<D extends HeldDelivery> implements CrowdMember {
  readonly delivery: D;
  /** The key whose messages are handled one after the other. */
  readonly lane: string | undefined;
  /** An attempt was started. */
  begun = false;
  /** It is handled with nothing beside it in the process. */
  alone = false;
  /** It was given back over the head of a handler that still runs. */
  abandoned = false;
  /** Where the pump keeps it while it runs. */
  place = -1;

  constructor(delivery: D) {
    this.delivery = delivery;
    this.lane = delivery.headers[headerNames.partitionKey];
  }
}

/** Why a delivery must not be handled: then only `onError` is called. */
export function refusalOf(delivery: HeldDelivery, suspicionAfter: number): Error | undefined {
  if (delivery.poison !== undefined) return delivery.poison;
  if (!delivery.diedAlone || delivery.deliveryCount <= suspicionAfter) return undefined;
  return new BusbarError(
    'CRASH_LOOP',
    `Message ${delivery.nativeId} was started ${delivery.deliveryCount - 1} times and its process died while it was handled alone.`,
    { details: { nativeId: delivery.nativeId, deliveryCount: delivery.deliveryCount } },
  );
}
