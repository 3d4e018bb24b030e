import type { ServiceBusClient } from '@azure/service-bus';
import type { Clock, Logger, Timer } from '@busbar/core';
import type { Holdings } from './holdings.ts';
import { Hunger } from './hunger.ts';
import type { Intake, IntakeOwner } from './intake.ts';
import { StreamLink } from './stream-link.ts';
import { Trouble } from './trouble.ts';

/** The service keeps no more for one link. */
const largestWindow = 2_000;

const lookEveryMs = 5_000;

/** What a {@link StreamIntake} works with. */
export interface StreamIntakeParts {
  readonly client: ServiceBusClient;
  readonly queue: string;
  readonly concurrency: number;
  readonly prefetchFactor: number;
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly owner: IntakeOwner;
  readonly logger: Logger;
}

/**
 * Messages of a queue without sessions. One link brings them, so that those of a key arrive in the order of the queue; when
 * more are wanted than its window has room for, another one is opened beside it.
 */
export class StreamIntake implements Intake {
  readonly #parts: StreamIntakeParts;
  readonly #trouble: Trouble;
  readonly #links: StreamLink[] = [];
  readonly #retired = new Set<StreamLink>();
  readonly #hunger: Hunger;
  #timer: Timer | undefined;

  constructor(parts: StreamIntakeParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.owner);
    this.#hunger = new Hunger(parts.clock);
  }

  get problem(): string | undefined {
    return this.#trouble.problem;
  }

  start(): void {
    this.#widen(this.#windowFor(this.#parts.concurrency));
    this.#timer = this.#parts.clock.setTimer(this.#look, lookEveryMs);
  }

  resize(concurrency: number): void {
    if (this.#timer === undefined) return;
    const window = this.#links.reduce((sum, link) => sum + link.window, 0);
    const more = this.#windowFor(concurrency) - window;
    if (more > 0) this.#widen(more);
  }

  async quiet(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await Promise.all(this.#links.map((link) => link.quiet()));
  }

  async isolate(): Promise<void> {
    for (const link of this.#links) link.detach();
  }

  async closeWhenLeft(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.closeWhenLeft()));
  }

  async close(): Promise<void> {
    const links = [...this.#links.splice(0), ...this.#retired];
    this.#retired.clear();
    await Promise.all(links.map((link) => link.close()));
  }

  readonly #look = (): void => {
    if (this.#timer === undefined) return;
    this.#timer = this.#parts.clock.setTimer(this.#look, lookEveryMs);
    for (const link of this.#links.slice()) {
      if (link.stalled) this.#replace(link, 'its link was closed and not opened again');
      else void this.#askWhether(link);
    }
  };

  /** Nothing comes: because there is nothing, or because the link is dead and does not know it. */
  async #askWhether(link: StreamLink): Promise<void> {
    if (!(await this.#hunger.isLeftOut(link)) || !this.#links.includes(link)) return;
    this.#replace(link, 'nothing came over its link although there were messages');
  }

  #replace(link: StreamLink, reason: string): void {
    const { logger, queue } = this.#parts;
    logger.warn({ queue, reason }, 'The receiver of a queue was opened anew');
    this.#links.splice(this.#links.indexOf(link), 1);
    this.#widen(link.window);
    this.#retired.add(link);
    void link.retire().then(() => this.#retired.delete(link));
  }

  #windowFor(concurrency: number): number {
    return Math.min(largestWindow, concurrency * this.#parts.prefetchFactor);
  }

  #widen(window: number): void {
    const { client, queue, holdings, clock } = this.#parts;
    const link = new StreamLink(client, queue, window, holdings, this.#trouble, clock);
    this.#links.push(link);
    link.start();
  }
}
