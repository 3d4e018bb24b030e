import type { Clock } from '../../time/clock.ts';
import type {
  MoveRequest,
  QueueDefinition,
  QueueInfo,
  Queues,
  StoredMessage,
} from '../transport.ts';
import type { MemoryEngine } from './memory-engine.ts';

/** Queues of a broker, as operations see them. */
export class MemoryQueues implements Queues {
  readonly #engine: MemoryEngine;
  readonly #clock: Clock;

  constructor(engine: MemoryEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async provision(queues: readonly QueueDefinition[]): Promise<void> {
    for (const definition of queues) this.#engine.provision(definition, this.#clock);
  }

  async missing(queues: readonly string[]): Promise<readonly string[]> {
    return queues.filter((name) => !this.#engine.queues.has(name));
  }

  async list(): Promise<readonly QueueInfo[]> {
    return Array.from(this.#engine.queues.values(), (queue) => ({
      name: queue.name,
      ready: queue.ready,
      delayed: queue.delayed,
      inFlight: queue.held,
    }));
  }

  async peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    const messages = [...this.#engine.queue(queue).stored()].slice(0, limit);
    return messages.map(({ nativeId, headers, body }) => ({
      nativeId,
      headers: { ...headers },
      body,
    }));
  }

  async move({ from, to, nativeIds, headers = {} }: MoveRequest): Promise<number> {
    const source = this.#engine.queue(from);
    const target = this.#engine.queue(to);
    const messages = source.remove(new Set(nativeIds));
    for (const message of messages) {
      const changed = withChanges(message.headers, headers);
      this.#engine.store(target, changed, message.body, message.partitionKey);
    }
    return messages.length;
  }

  async remove(queues: readonly string[]): Promise<void> {
    for (const name of queues) this.#engine.remove(name);
  }
}

function withChanges(
  headers: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const changed: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete changed[name];
    else changed[name] = value;
  }
  return changed;
}
