import type { Clock, Timer } from '../../time/clock.ts';

interface Lease {
  readonly clock: Clock;
  readonly ms: number;
  timer: Timer | undefined;
}

/** Removes queues that had no receiver for as long as they were allowed to. */
export class UnusedQueues {
  readonly #leases = new Map<string, Lease>();
  readonly #remove: (queue: string) => void;

  constructor(remove: (queue: string) => void) {
    this.#remove = remove;
  }

  watch(queue: string, ms: number, clock: Clock): void {
    this.used(queue);
    this.#leases.set(queue, { clock, ms, timer: undefined });
    this.unused(queue);
  }

  used(queue: string): void {
    this.#leases.get(queue)?.timer?.cancel();
  }

  unused(queue: string): void {
    const lease = this.#leases.get(queue);
    if (lease === undefined) return;
    lease.timer = lease.clock.setTimer(() => {
      this.#leases.delete(queue);
      this.#remove(queue);
    }, lease.ms);
  }
}
