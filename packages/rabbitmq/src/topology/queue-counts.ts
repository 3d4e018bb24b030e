import type { QueueInfo } from '@busbar/core';
import type { ManagementApi } from './management-api.ts';
import { isDelayQueue } from './names.ts';
import type { Topology } from './topology.ts';

/** A queue in the list of the management interface; a queue that is new there has no numbers yet. */
interface ListedQueue {
  readonly name: string;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
}

/** Queues on one page; some brokers have tens of thousands. */
const pageSize = 500;

/** How many messages of a queue this connection's own receivers hold. */
export type HeldOf = (queue: string) => number;

/**
 * The numbers of queues. Those of the management interface are up to five seconds old, and there may be none; so the
 * queues that the connection works with are asked over AMQP, which tells what is ready. What other processes hold only the
 * management interface can tell.
 *
 * A delayed message is in one of the delay queues, which do not say for whom: `delayed` is 0 but for the delay queues
 * themselves, which are listed while they hold something.
 */
export class QueueCounts {
  readonly #topology: Topology;
  readonly #management: ManagementApi;
  readonly #heldOf: HeldOf;

  constructor(topology: Topology, management: ManagementApi, heldOf: HeldOf) {
    this.#topology = topology;
    this.#management = management;
    this.#heldOf = heldOf;
  }

  async list(known: ReadonlySet<string>): Promise<readonly QueueInfo[]> {
    const infos = new Map<string, QueueInfo>();
    for (const listed of (await this.#listed()) ?? []) {
      const info = this.#infoOf(listed);
      if (info !== undefined) infos.set(info.name, info);
    }
    for (const name of known) {
      const ready = await this.#topology.declarations.waiting(name);
      const inFlight = Math.max(infos.get(name)?.inFlight ?? 0, this.#heldOf(name));
      if (ready === undefined) infos.delete(name);
      else infos.set(name, { name, ready, delayed: 0, inFlight });
    }
    return [...infos.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #infoOf(listed: ListedQueue): QueueInfo | undefined {
    const { name, messages = 0, messages_ready: ready = 0 } = listed;
    const inFlight = Math.max(listed.messages_unacknowledged ?? 0, this.#heldOf(name));
    const { delayPrefix } = this.#topology.settings;
    if (!isDelayQueue(name, delayPrefix)) return { name, ready, delayed: 0, inFlight };
    return messages === 0 ? undefined : { name, ready: 0, delayed: messages, inFlight: 0 };
  }

  async #listed(): Promise<readonly ListedQueue[] | undefined> {
    const queues: ListedQueue[] = [];
    for (let page = 1; ; page += 1) {
      const columns = 'name,messages,messages_ready,messages_unacknowledged';
      const answer = await this.#management.get(
        `/queues/${this.#management.vhost}?page=${page}&page_size=${pageSize}&columns=${columns}`,
      );
      if (answer.outcome !== 'ok') return page === 1 ? undefined : queues;
      const { items, page_count: pages } = answer.value as {
        readonly items: readonly ListedQueue[];
        readonly page_count: number;
      };
      queues.push(...items);
      if (page >= pages) return queues;
    }
  }
}
