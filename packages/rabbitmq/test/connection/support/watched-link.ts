import type { Duplex } from 'node:stream';
import { BusbarError } from '@busbar/core';
import { within } from '../../../../../test/support/rabbitmq/bounded-wait.ts';
import { Link, type Session } from '../../../src/connection/link.ts';
import {
  type RabbitMqSettings,
  type RabbitMqTransportOptions,
  checkOptions,
} from '../../../src/rabbitmq-options.ts';
import { transportHost } from '../../support/transport-host.ts';

export type News = 'up' | 'down' | 'blocked' | 'unblocked';

/** A link that keeps what it tells. */
export class WatchedLink implements AsyncDisposable {
  readonly host = transportHost();
  readonly settings: RabbitMqSettings;
  readonly link: Link;
  readonly told: News[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(options: RabbitMqTransportOptions, purpose = 'test') {
    this.settings = checkOptions(options);
    this.link = new Link(this.settings, this.host, purpose);
    this.link.listen({
      up: () => this.#note('up'),
      down: () => this.#note('down'),
      blocked: (reason) => this.#note(reason === undefined ? 'unblocked' : 'blocked'),
    });
  }

  static async open(options: RabbitMqTransportOptions, purpose?: string): Promise<WatchedLink> {
    const watched = new WatchedLink(options, purpose);
    await watched.link.open();
    return watched;
  }

  get session(): Session {
    if (this.link.session === undefined) throw new Error(`It is not up: ${this.link.problem}`);
    return this.link.session;
  }

  /** Resolves once it has told so so many times since the beginning. */
  async tells(news: News, count: number, limitMs = 60_000): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (this.told.filter((each) => each === news).length >= count) resolve();
    };
    this.#waiting.add(check);
    check();
    const what = (): string =>
      `"${news}" for the ${count}. time; it told ${this.told.join(', ')}; ${this.link.problem}`;
    await within(limitMs, what, promise);
    this.#waiting.delete(check);
  }

  /** Asks the broker for something. */
  async works(): Promise<void> {
    const channel = await within(10_000, 'a channel', this.session.connection.createChannel());
    await within(10_000, 'the end of a channel', channel.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }

  #note(news: News): void {
    this.told.push(news);
    for (const check of this.#waiting) check();
  }
}

export function socketOf({ connection }: Session): Duplex {
  return (connection.connection as unknown as { readonly stream: Duplex }).stream;
}

/** The error that a promise rejects with, within a limit. */
export async function errorOf(promise: Promise<unknown>, limitMs = 15_000): Promise<BusbarError> {
  const outcome = await within(
    limitMs,
    'an error',
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (outcome instanceof BusbarError) return outcome;
  throw new Error(`That was no BusbarError but ${String(outcome)}`, { cause: outcome });
}
