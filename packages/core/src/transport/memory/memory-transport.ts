import type { TransportCapabilities } from '../capabilities.ts';
import type { Transport } from '../transport.ts';
import { engineOf } from './broker-engines.ts';
import { MemoryBroker } from './memory-broker.ts';
import { MemoryConnection } from './memory-connection.ts';

/** Options of {@link memoryTransport}. */
export interface MemoryTransportOptions {
  /**
   * Where the messages are; endpoints that share it can reach each other. Give each test its own.
   *
   * @default the broker of the process that is called `name`
   */
  readonly broker?: MemoryBroker;
  /** The name of a broker that the whole process shares. @default 'default' */
  readonly name?: string;
  /** The largest body, in bytes; lower it to meet the limit of the real broker early. @default 16 MiB */
  readonly maxBodyBytes?: number;
  /** The longest delay, in milliseconds; lower it likewise. @default ten years */
  readonly maxDelayMs?: number;
}

/** What {@link memoryTransport} can do when nothing is lowered. */
export const memoryCapabilities: TransportCapabilities = Object.freeze<TransportCapabilities>({
  maxDelayMs: 3_650 * 24 * 60 * 60 * 1_000,
  delayResolutionMs: 1,
  maxBodyBytes: 16 * 1_024 * 1_024,
  maxHeaderBytes: 1_024 * 1_024,
  ordering: 'key',
  transactionModes: ['receive-only', 'sends-atomic-with-receive'],
  deliveryCount: true,
  nativeDeadLetter: false,
  deliveryDeadlineMs: undefined,
  renewal: false,
  nativeExpiry: false,
  competingConsumers: 'process',
  durable: false,
  embedded: true,
});

/**
 * Carries messages within the process and forgets them with it: for tests, examples and modules of one application.
 * A started receiver keeps the process alive until it is stopped.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): Transport {
  const name = options.name ?? 'default';
  const broker = options.broker ?? MemoryBroker.named(name);
  const capabilities = Object.freeze({
    ...memoryCapabilities,
    ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
    ...(options.maxDelayMs === undefined ? {} : { maxDelayMs: options.maxDelayMs }),
  });
  return {
    name: 'memory',
    address: options.broker === undefined && name !== 'default' ? `memory:${name}` : 'memory:',
    capabilities,
    connect: async (host) => new MemoryConnection(engineOf(broker), host, capabilities),
  };
}
