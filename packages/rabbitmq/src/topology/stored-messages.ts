import type { Message } from 'amqplib';
import {
  BusbarError,
  type DispatchResult,
  type MoveRequest,
  type StoredMessage,
  asError,
} from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import { nativeIdOf } from '../message/native-id.ts';
import { toHeaders } from '../message/properties.ts';
import type { Publication } from '../publishing/publication.ts';
import type { DeliveryPolicies } from './delivery-policies.ts';
import { type QueueDetails, deliveryLimitOf } from './delivery-policy.ts';
import { compareOrdered } from './queue-declaration.ts';
import { QueueReader, mostHeld } from './queue-reader.ts';
import { copyAfterLook, movedCopy } from './stored-copy.ts';
import { toBusbarError } from './refusal.ts';
import type { Topology } from './topology.ts';

/** Publishes with a confirmation. */
export interface Republisher {
  publish(publication: Publication): Promise<DispatchResult>;
}

/** Messages that are published before the first of them has to be confirmed. */
const mostInFlight = 100;

/** For what comes into a queue while it is read. */
const newcomers = 1_000;

/** The broker's limit is 20 where nobody has said anything. */
const usuallyWornAt = 10;

/**
 * After how many deliveries a message is copied instead of given back.
 *
 * @param limit The delivery limit of the queue, where it is known.
 */
export function wornAt(limit: number | undefined): number {
  if (limit === undefined) return usuallyWornAt;
  return limit < 1 ? 0 : Math.max(1, Math.min(1_000, Math.floor(limit / 2)));
}

/** Made of a message that was looked at and may not just go back; undefined for nearly all. */
type CopyAfterLook = (message: Message) => Publication | undefined;

/** A message and the copy that takes its place. */
interface Replacement {
  readonly message: Message;
  readonly copy: Publication;
}

/**
 * Looks at the messages of queues, and moves them.
 *
 * Every look counts as a delivery on a quorum queue, and from its limit on the broker takes the message away (on version 4
 * after 20, where nobody has set more). So what comes near the limit is not given back but published to the same queue
 * once more, confirmed, and then acknowledged: it goes to the end of the queue, and is not lost.
 */
export class StoredMessages {
  readonly #topology: Topology;
  readonly #policies: DeliveryPolicies;
  readonly #republisher: Republisher;
  /**
   * How many messages of a queue were given back last. A quorum queue hands those out before all others, and puts them
   * behind each other when they come back again: whoever takes only some of them changes their order.
   */
  readonly #givenBack = new Map<string, number>();

  constructor(topology: Topology, policies: DeliveryPolicies, republisher: Republisher) {
    this.#topology = topology;
    this.#policies = policies;
    this.#republisher = republisher;
  }

  async peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    if (limit < 1) return [];
    const copyOf = await this.#copiesFor(queue);
    const messages: Message[] = [];
    const copies: Replacement[] = [];
    let seen = 0;
    await this.#reading(queue, async (reader) => {
      const most = Math.min(Math.max(limit, this.#givenBack.get(queue) ?? 0), mostHeld);
      await reader.read(most, (message) => {
        seen += 1;
        if (seen <= limit) messages.push(message);
        const copy = copyOf(message);
        if (copy !== undefined) copies.push({ message, copy });
        return 'more';
      });
      await this.#refresh(reader, queue, copies);
    });
    this.#givenBack.set(queue, seen);
    return messages.map(({ properties, content }) => {
      const headers = toHeaders(properties);
      return {
        nativeId: nativeIdOf(headers, properties, content),
        headers,
        // Apart from what else came from the network with it.
        body: new Uint8Array(content),
      };
    });
  }

  /** What is to be moved is held in memory until it is confirmed; all else is only looked through. */
  async move({ from, to, nativeIds, headers = {} }: MoveRequest): Promise<number> {
    await this.#needs(to);
    const copyOf = await this.#copiesFor(from);
    const wanted = countEach(nativeIds);
    const chosen: Replacement[] = [];
    const copies: Replacement[] = [];
    let seen = 0;
    await this.#reading(from, async (reader) => {
      const most = Math.min((await reader.waiting()) + newcomers, mostHeld);
      if (wanted.size === 0) return;
      await reader.read(most, (message) => {
        seen += 1;
        const moves = isWanted(message, wanted);
        const copy = moves ? movedCopy(message, to, headers) : copyOf(message);
        if (copy !== undefined) (moves ? chosen : copies).push({ message, copy });
        return wanted.size === 0 ? 'enough' : 'more';
      });
      await this.#replace(reader, chosen);
      await this.#refresh(reader, from, copies);
    });
    if (seen >= mostHeld && wanted.size > 0) throw notFound(from, chosen.length, wanted.size);
    return chosen.length;
  }

  async #reading(queue: string, work: (reader: QueueReader) => Promise<void>): Promise<void> {
    const reader = await QueueReader.open(this.#topology, queue);
    try {
      await work(reader);
    } finally {
      await reader.close(this.#topology);
    }
  }

  /** @throws BusbarError UNSUPPORTED_BY_TRANSPORT for an ordered queue */
  async #copiesFor(queue: string): Promise<CopyAfterLook> {
    const what = `looking into the queue "${queue}"`;
    const server = await this.#topology.side.run(what, async (_, session) => session.server);
    const details = await this.#policies.detailsOf(queue);
    if (await this.#isOrdered(queue, details)) throw ordered(queue);
    const limit = details === undefined ? undefined : deliveryLimitOf(details, server);
    const worn = wornAt(limit);
    return (message) => copyAfterLook(message, queue, worn);
  }

  async #isOrdered(queue: string, details: QueueDetails | undefined): Promise<boolean> {
    if (details !== undefined) return details.arguments?.['x-single-active-consumer'] === true;
    try {
      return (await compareOrdered(this.#topology.side, queue)) === 'ordered';
    } catch (error) {
      // A queue that is missing is missed when it is read; one that may not be declared is taken for a plain one.
      const unknown = isReply(error, 'notFound') || isReply(error, 'accessRefused');
      if (unknown) return false;
      throw toBusbarError(error, `looking into the queue "${queue}"`);
    }
  }

  async #needs(queue: string): Promise<void> {
    if (await this.#topology.declarations.exists('queue', queue)) return;
    throw new BusbarError(
      'MISSING_QUEUE',
      `RabbitMQ has no queue "${queue}" to move messages to.`,
      {
        details: { queue },
      },
    );
  }

  /** Those that cannot be copied are given back after all. */
  async #refresh(
    reader: QueueReader,
    queue: string,
    copies: readonly Replacement[],
  ): Promise<void> {
    try {
      await this.#replace(reader, copies);
    } catch (error) {
      this.#topology.host.logger.warn(
        { queue, err: asError(error) },
        'Messages that were looked at often could not be copied; they come nearer to the delivery limit',
      );
    }
  }

  /** Acknowledges each message when its copy is confirmed. */
  async #replace(reader: QueueReader, replacements: readonly Replacement[]): Promise<void> {
    for (let first = 0; first < replacements.length; first += mostInFlight) {
      const some = replacements.slice(first, first + mostInFlight);
      const publishing = some.map(async ({ message, copy }) => {
        const result = await this.#republisher.publish(copy);
        if (result.outcome !== 'confirmed') throw notCopied(copy.routingKey, result);
        reader.ack(message);
      });
      const results = await Promise.allSettled(publishing);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw asError(failed.reason);
    }
  }
}

/**
 * A quorum queue hands out first what came back, and puts it behind all else that came back when it comes back once more:
 * a receiver that crashes while it holds only some of what was looked at would get the rest first. And each look counts as
 * a delivery, which is how the receiver of an ordered queue tells that a message killed it.
 */
function ordered(queue: string): BusbarError {
  return new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `The queue "${queue}" is ordered: RabbitMQ cannot show or move its messages without risking their order.`,
    {
      help: 'Look at its length, or into the error queue; let an endpoint receive the messages.',
      details: { queue },
    },
  );
}

/** How often each name is wanted: copies of one message may share theirs. */
function countEach(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Takes it off the list, too. */
function isWanted({ properties, content }: Message, wanted: Map<string, number>): boolean {
  const id = nativeIdOf(toHeaders(properties), properties, content);
  const count = wanted.get(id);
  if (count === undefined) return false;
  if (count === 1) wanted.delete(id);
  else wanted.set(id, count - 1);
  return true;
}

function notCopied(
  queue: string,
  result: Exclude<DispatchResult, { outcome: 'confirmed' }>,
): BusbarError {
  const code = result.outcome === 'undeliverable' ? 'UNDELIVERABLE' : 'OUTCOME_UNKNOWN';
  return new BusbarError(
    code,
    `A message could not be moved to the queue "${queue}": ${result.reason}. It stays where it is.`,
    { details: { queue } },
  );
}

function notFound(queue: string, moved: number, left: number): BusbarError {
  return new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `${moved} messages were moved, but ${left} were not found among the oldest ${mostHeld} of the queue "${queue}".`,
    {
      help: `RabbitMQ lets ${mostHeld} messages be looked through: let older ones be handled or moved first.`,
      details: { queue },
    },
  );
}
