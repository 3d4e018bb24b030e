import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import type { OutboxLane } from '../persistence/outbox-store.ts';
import type { OutboxSender } from './outbox-sender.ts';
import { leaseMs } from './outbox-options.ts';

const limit = 100;
/** A lane is noted and claimed anew after so long, and so never sent for longer than its claim holds. */
const longestSendMs = leaseMs / 4;

/** What a lane relay is made of. */
export interface LaneRelayParts {
  readonly services: EndpointServices;
  readonly sender: OutboxSender;
  readonly graceMs: number;
  readonly stopping: AbortSignal;
  readonly failed: (error: unknown) => void;
}

interface Draining {
  again: boolean;
  readonly drained: Promise<void>;
}

/** Sends what has a partition key, in the order of its commits: of each key one message at a time, keys beside each other. */
export class LaneRelay {
  readonly #parts: LaneRelayParts;
  readonly #draining = new Map<string, Draining>();

  constructor(parts: LaneRelayParts) {
    this.#parts = parts;
  }

  /** Sends the lane of a key, with what is committed to it meanwhile. Never rejects. */
  send(key: string): Promise<void> {
    const running = this.#draining.get(key);
    if (running !== undefined) {
      running.again = true;
      return running.drained;
    }
    return this.#start(key);
  }

  /** Takes one lane that nobody sends, and sends it. False when there is none. */
  async takeAny(): Promise<boolean> {
    const { services, graceMs } = this.#parts;
    const { outbox } = services.persistence;
    const lane = await outbox.claimLane({ limit, graceMs, leaseMs });
    if (lane === undefined) return false;
    if (this.#draining.has(lane.key)) await outbox.settleLane(lane, 0, 0);
    else void this.#start(lane.key, lane);
    return true;
  }

  /** Resolves when no lane is being sent any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#draining.values()].map(({ drained }) => drained));
  }

  /** How many keys are sent at the moment. */
  get busy(): number {
    return this.#draining.size;
  }

  #start(key: string, claimed?: OutboxLane): Promise<void> {
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    const lane = { again: true, drained };
    this.#draining.set(key, lane);
    void this.#drain(key, lane, claimed).then(() => {
      this.#draining.delete(key);
      resolve();
    });
    return drained;
  }

  async #drain(key: string, lane: Draining, claimed?: OutboxLane): Promise<void> {
    const { stopping, failed } = this.#parts;
    try {
      if (claimed !== undefined && !(await this.#sendClaimed(claimed))) return;
      while (lane.again && !stopping.aborted) {
        lane.again = false;
        await this.#untilEmpty(key);
      }
    } catch (error) {
      failed(error);
    }
  }

  /** Until it is empty, taken by somebody else, or does not go on. */
  async #untilEmpty(key: string): Promise<void> {
    const { services, graceMs, stopping } = this.#parts;
    while (!stopping.aborted) {
      const lane = await services.persistence.outbox.claimLane({ key, limit, graceMs, leaseMs });
      if (lane === undefined || !(await this.#sendClaimed(lane))) return;
    }
  }

  /** False when it has to wait. */
  async #sendClaimed(lane: OutboxLane): Promise<boolean> {
    const { services, sender, stopping } = this.#parts;
    const { clock, persistence } = services;
    const until = clock.monotonic() + longestSendMs;
    const progress = { sent: 0, afterMs: 0 };
    try {
      await sender.sendInOrder(
        lane.operations,
        progress,
        () => stopping.aborted || clock.monotonic() >= until,
      );
    } catch (error) {
      progress.afterMs = 1_000;
      throw error;
    } finally {
      await persistence.outbox.settleLane(lane, progress.sent, progress.afterMs);
    }
    return progress.afterMs === 0;
  }
}
