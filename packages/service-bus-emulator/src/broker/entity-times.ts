import type { BrokerClock } from '../clock/broker-clock.ts';

/** When an entity was made, changed and used, as the administration client reads it. */
export class EntityTimes {
  readonly #clock: BrokerClock;
  readonly createdAt: number;
  updatedAt: number;
  accessedAt: number;

  constructor(clock: BrokerClock) {
    this.#clock = clock;
    this.createdAt = clock.now();
    this.updatedAt = this.createdAt;
    this.accessedAt = this.createdAt;
  }

  touch(): void {
    this.accessedAt = this.#clock.now();
  }

  update(): void {
    this.updatedAt = this.#clock.now();
  }
}
