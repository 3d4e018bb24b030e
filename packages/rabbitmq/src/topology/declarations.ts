import type { Channel } from 'amqplib';
import type { Logger } from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import type { SideChannel } from '../connection/side-channel.ts';
import { brokerText, toBusbarError } from './refusal.ts';

/** An exchange as it should be. All are durable. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: 'fanout' | 'topic';
  readonly alternateExchange?: string;
}

/** A queue as it should be. All are durable. */
export interface QueueDeclaration {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
}

/** What came of a declaration. */
export type Declared =
  /** It is as it should be. */
  | { readonly outcome: 'made' }
  /** It is there, and different. */
  | { readonly outcome: 'differs'; readonly error: unknown }
  /** The user may not declare it; it is there, or it is not. */
  | { readonly outcome: 'present' | 'missing' };

type Kind = 'exchange' | 'queue';

/**
 * Declares exchanges, queues and bindings on the side channel. What exists already and is different is used as it is; what
 * the user may not declare is looked for.
 */
export class Declarations {
  readonly #side: SideChannel;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(side: SideChannel, logger: Logger) {
    this.#side = side;
    this.#logger = logger;
  }

  exchange(declaration: ExchangeDeclaration): Promise<Declared> {
    return this.#declare('exchange', declaration.name, (channel) =>
      declareExchange(channel, declaration),
    );
  }

  queue(declaration: QueueDeclaration): Promise<Declared> {
    return this.#declare('queue', declaration.name, (channel) =>
      declareQueue(channel, declaration),
    );
  }

  /** The number of messages that wait in a queue; undefined when there is no such queue. */
  async waiting(queue: string): Promise<number | undefined> {
    const found = await this.#find('queue', queue);
    return found === undefined ? undefined : found.messageCount;
  }

  async exists(kind: Kind, name: string): Promise<boolean> {
    return (await this.#find(kind, name)) !== undefined;
  }

  /**
   * Binds, where the user may: a binding cannot be looked for, so one that is refused is taken to be there.
   *
   * @throws what the broker says, such as 404
   */
  async bind(binding: Binding): Promise<void> {
    const what = `binding ${binding.kind} "${binding.to}" to exchange "${binding.from}"`;
    try {
      await this.#side.run(what, (channel) => bindOn(channel, binding));
    } catch (error) {
      if (!isReply(error, 'accessRefused')) throw error;
      this.warnOnce(what, `RabbitMQ refused ${what}, which may be there: ${brokerText(error)}`);
    }
  }

  /** One line, however often something is found to be so. */
  warnOnce(about: string, message: string): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    this.#logger.warn({}, message);
  }

  async #declare(
    kind: Kind,
    name: string,
    work: (channel: Channel) => Promise<unknown>,
  ): Promise<Declared> {
    const what = `declaring the ${kind} "${name}"`;
    try {
      await this.#side.run(what, work);
      return { outcome: 'made' };
    } catch (error) {
      const refused = isReply(error, 'accessRefused');
      if (!refused && !isReply(error, 'preconditionFailed')) throw toBusbarError(error, what);
      const found = await this.exists(kind, name);
      if (refused) return { outcome: found ? 'present' : 'missing' };
      // A wrong argument is refused in the same way.
      if (!found) throw toBusbarError(error, what);
      return { outcome: 'differs', error };
    }
  }

  async #find(kind: Kind, name: string): Promise<{ readonly messageCount: number } | undefined> {
    const what = `looking for the ${kind} "${name}"`;
    try {
      return await this.#side.run(what, async (channel) => {
        if (kind === 'queue') return channel.checkQueue(name);
        await channel.checkExchange(name);
        return { messageCount: 0 };
      });
    } catch (error) {
      if (isReply(error, 'notFound')) return undefined;
      // A queue that only another connection may use is there.
      if (isReply(error, 'resourceLocked')) return { messageCount: 0 };
      throw toBusbarError(error, what);
    }
  }
}

/** From an exchange to a queue or another exchange. */
export interface Binding {
  readonly kind: Kind;
  readonly to: string;
  readonly from: string;
  readonly key: string;
}

export async function declareExchange(
  channel: Channel,
  { name, type, alternateExchange }: ExchangeDeclaration,
): Promise<void> {
  const options = { durable: true, ...(alternateExchange !== undefined && { alternateExchange }) };
  await channel.assertExchange(name, type, options);
}

export async function declareQueue(channel: Channel, queue: QueueDeclaration): Promise<void> {
  await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
}

export async function bindOn(channel: Channel, { kind, to, from, key }: Binding): Promise<void> {
  if (kind === 'queue') await channel.bindQueue(to, from, key);
  else await channel.bindExchange(to, from, key);
}
