import { BusbarError } from '@busbar/core';
import { delayLevels } from '../capabilities.ts';
import { isReply } from '../connection/amqp-error.ts';
import type { SideChannel } from '../connection/side-channel.ts';
import {
  type Binding,
  type Declarations,
  type ExchangeDeclaration,
  type QueueDeclaration,
  bindOn,
  declareExchange,
  declareQueue,
} from './declarations.ts';
import {
  anyTopicWord,
  delayLevelName,
  deliveryExchange,
  sinkQueue,
  undeliverableName,
} from './names.ts';
import { brokerText, toBusbarError } from './refusal.ts';

/** Where a delayed message is published. */
export interface DelayTarget {
  readonly exchange: string;
  readonly routingKey: string;
}

/**
 * Where a message goes that is delayed for a number of seconds, from 1 to 2^28 - 1. The routing key has a word for each
 * bit, the highest first, and ends with the destination.
 */
export function delayTarget(prefix: string, word: string, seconds: number): DelayTarget {
  const bits = seconds.toString(2).padStart(delayLevels, '0');
  return {
    exchange: delayLevelName(prefix, 31 - Math.clz32(seconds)),
    routingKey: `${bits.split('').join('.')}.${word}`,
  };
}

/** Things that are declared together. */
export interface LadderPart {
  readonly exchange?: ExchangeDeclaration;
  readonly queue?: QueueDeclaration;
  readonly bindings: readonly Binding[];
}

/** The only one that may be different without harm: any queue keeps what it gets. */
const undeliverableQueue: QueueDeclaration = {
  name: undeliverableName,
  arguments: { 'x-queue-type': 'quorum' },
};

/**
 * The parts of the ladder, each after those that it leads to.
 *
 * A message waits in the queue of each level whose bit is set, and passes the others by, down to the delivery exchange,
 * which leads to the destination. Each level hands on only what arrived (at-least-once), and stands still while it cannot:
 * so everything that leaves the ladder must reach a queue, always.
 *
 * - A queue that is gone: the alternate exchange leads to `busbar.undeliverable`.
 * - An event that nobody subscribed to does reach an exchange, so that no alternate is asked. The sink gets a copy of each
 *   event, and drops it at once.
 */
export function ladderParts(prefix: string): readonly LadderPart[] {
  const delivery = deliveryExchange(prefix);
  const sink = sinkQueue(prefix);
  const undeliverable = undeliverableName;
  const levels = Array.from({ length: delayLevels }, (_, level) => levelPart(prefix, level));
  return [
    {
      exchange: { name: undeliverable, type: 'fanout' },
      bindings: [{ kind: 'queue', to: undeliverable, from: undeliverable, key: '' }],
    },
    {
      exchange: { name: delivery, type: 'topic', alternateExchange: undeliverable },
      bindings: [],
    },
    {
      queue: { name: sink, arguments: { 'x-queue-type': 'quorum', 'x-message-ttl': 0 } },
      bindings: [{ kind: 'queue', to: sink, from: delivery, key: `#.${anyTopicWord}` }],
    },
    ...levels,
  ];
}

function levelPart(prefix: string, level: number): LadderPart {
  const name = delayLevelName(prefix, level);
  const next = level === 0 ? deliveryExchange(prefix) : delayLevelName(prefix, level - 1);
  const higherBits = '*.'.repeat(delayLevels - 1 - level);
  return {
    exchange: { name, type: 'topic' },
    queue: {
      name,
      arguments: {
        'x-queue-type': 'quorum',
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
        'x-message-ttl': 2 ** level * 1_000,
        'x-dead-letter-exchange': next,
      },
    },
    bindings: [
      { kind: 'queue', to: name, from: name, key: `${higherBits}1.#` },
      { kind: 'exchange', to: next, from: name, key: `${higherBits}0.#` },
    ],
  };
}

/** Makes the delay ladder of a virtual host, which all its endpoints share. */
export class DelayLadder {
  readonly #side: SideChannel;
  readonly #declarations: Declarations;
  readonly #prefix: string;

  constructor(side: SideChannel, declarations: Declarations, prefix: string) {
    this.#side = side;
    this.#declarations = declarations;
    this.#prefix = prefix;
  }

  /**
   * Makes what is missing. Idempotent, and safe from several processes at once; about 120 questions to the broker.
   *
   * @throws BusbarError MISSING_QUEUE where the user may not make it, INVALID_CONFIGURATION where it is different
   */
  async make(): Promise<void> {
    if (!(await this.#makeUndeliverable())) return this.#check();
    for (const part of ladderParts(this.#prefix)) {
      const allowed = await this.#makePart(part);
      if (!allowed) return this.#check();
    }
  }

  /** Returns whether the user may. */
  async #makeUndeliverable(): Promise<boolean> {
    const declared = await this.#declarations.queue(undeliverableQueue);
    if (declared.outcome === 'differs') {
      const text = `The queue "${undeliverableName}" is used as it is: ${brokerText(declared.error)}`;
      this.#declarations.warnOnce(undeliverableName, text);
    }
    return declared.outcome === 'made' || declared.outcome === 'differs';
  }

  /** Returns whether the user may. */
  async #makePart({ exchange, queue, bindings }: LadderPart): Promise<boolean> {
    const what = `making the delay queue "${queue?.name ?? exchange?.name}"`;
    try {
      await this.#side.run(what, async (channel) => {
        if (exchange !== undefined) await declareExchange(channel, exchange);
        if (queue !== undefined) await declareQueue(channel, queue);
        for (const binding of bindings) await bindOn(channel, binding);
      });
      return true;
    } catch (error) {
      if (isReply(error, 'accessRefused')) return false;
      if (isReply(error, 'preconditionFailed')) throw this.#differs(error);
      throw toBusbarError(error, what);
    }
  }

  /** Without the right to make the ladder, it has to be there. Whether it is bound cannot be seen. */
  async #check(): Promise<void> {
    const missing = new Set<string>();
    const look = async (kind: 'exchange' | 'queue', name: string | undefined): Promise<void> => {
      if (name === undefined || missing.has(name)) return;
      if (!(await this.#declarations.exists(kind, name))) missing.add(name);
    };
    await look('queue', undeliverableName);
    for (const { exchange, queue } of ladderParts(this.#prefix)) {
      await look('exchange', exchange?.name);
      await look('queue', queue?.name);
    }
    if (missing.size === 0) return;
    throw new BusbarError(
      'MISSING_QUEUE',
      `RabbitMQ holds delayed messages in queues that do not exist, and the user may not make them: ${quoted([...missing])}.`,
      {
        help: `Run \`endpoint.provision()\` once as a user who may configure, write and read what begins with "busbar." and "${this.#prefix}.".`,
        details: { missing: [...missing] },
      },
    );
  }

  #differs(error: unknown): BusbarError {
    return new BusbarError(
      'INVALID_CONFIGURATION',
      `The delay queues "${this.#prefix}.…" cannot be used, because one of them was made by somebody else: ${brokerText(error)}.`,
      {
        help: 'Choose another `delayPrefix` in the options of the RabbitMQ transport, the same in all endpoints of the virtual host; or remove the queue or exchange once it is empty.',
        details: { delayPrefix: this.#prefix },
        cause: error,
      },
    );
  }
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
