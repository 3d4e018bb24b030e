import type { MemoryEngine } from './memory-engine.ts';

/** The insides of brokers, apart from them, so that users of a broker see none of it. */
const engines = new WeakMap<object, MemoryEngine>();

export function keepEngine(broker: object, engine: MemoryEngine): void {
  engines.set(broker, engine);
}

export function engineOf(broker: object): MemoryEngine {
  return engines.get(broker) as MemoryEngine;
}
