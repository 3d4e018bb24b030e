import { onTestFinished } from 'vitest';
import { DeliveryPump } from '../../../src/transport/delivery-pump.ts';
import type { DeliverySource } from '../../../src/transport/delivery-source.ts';
import { HeldDelivery, type HeldDeliveryInit } from '../../../src/transport/held-delivery.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { headerNames } from '../../../src/headers.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A source that notes what the pump asks of it, and does as it is told. */
export class FakeSource implements DeliverySource {
  readonly settled: string[] = [];
  /** `id`, or `id unbegun`. */
  readonly released: string[] = [];
  readonly alone: string[] = [];
  /** Whose end the pump told of after their hold was lost. */
  readonly ended: string[] = [];
  roomGrewCalls = 0;
  onSettle: (delivery: HeldDelivery) => Promise<void> | void = () => {};
  onRelease: (delivery: HeldDelivery) => Promise<void> | void = () => {};
  onMarkAlone: (delivery: HeldDelivery) => Promise<void> | void = () => {};

  settle(delivery: HeldDelivery): Promise<void> | void {
    this.settled.push(delivery.nativeId);
    return this.onSettle(delivery);
  }

  release(delivery: HeldDelivery, begun: boolean): Promise<void> | void {
    this.released.push(begun ? delivery.nativeId : `${delivery.nativeId} unbegun`);
    return this.onRelease(delivery);
  }

  holdLost(delivery: HeldDelivery): void {
    this.ended.push(delivery.nativeId);
  }

  markAlone(delivery: HeldDelivery): Promise<void> | void {
    this.alone.push(delivery.nativeId);
    return this.onMarkAlone(delivery);
  }

  roomGrew(): void {
    this.roomGrewCalls += 1;
  }
}

/** A pump with its source, its clock and what reached the critical hook. */
export interface PumpParts {
  readonly pump: DeliveryPump;
  readonly source: FakeSource;
  readonly clock: ManualClock;
  readonly criticals: Error[];
}

export function makePump(
  options: { concurrency?: number; suspicionAfter?: number } = {},
): PumpParts {
  const source = new FakeSource();
  const clock = new ManualClock();
  const criticals: Error[] = [];
  const pump = new DeliveryPump({
    queue: 'orders',
    concurrency: options.concurrency ?? 4,
    suspicionAfter: options.suspicionAfter ?? 3,
    source,
    clock,
    logger: silentLogger,
    onCritical: (error) => criticals.push(error),
  });
  // What is in a handler counts for all pumps of the process: see AloneGate.
  onTestFinished(() => void pump.stop(AbortSignal.abort()));
  return { pump, source, clock, criticals };
}

export function incoming(
  nativeId: string,
  init: Partial<HeldDeliveryInit> & { key?: string } = {},
): HeldDelivery {
  const { key, ...rest } = init;
  const headers = key === undefined ? {} : { [headerNames.partitionKey]: key };
  return new HeldDelivery({ nativeId, queue: 'orders', headers, body: new Uint8Array(), ...rest });
}

/** Lets everything that waits for nothing but its turn go on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
