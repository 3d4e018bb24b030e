import type { TransportCapabilities } from '@busbar/core';
import type { RabbitMqSettings } from './rabbitmq-options.ts';

/** The delay ladder has 28 levels, one for each bit of a number of seconds. */
export const delayLevels = 28;

/** What the RabbitMQ transport can do with these settings. */
export function rabbitMqCapabilities(settings: RabbitMqSettings): TransportCapabilities {
  return Object.freeze<TransportCapabilities>({
    maxDelayMs: (2 ** delayLevels - 1) * 1_000,
    delayResolutionMs: 1_000,
    maxBodyBytes: settings.maxBodyBytes,
    // The client encodes a header table into 64 KiB; each header takes some bytes beside its name and value.
    maxHeaderBytes: 48 * 1_024,
    ordering: 'queue',
    transactionModes: ['receive-only'],
    deliveryCount: true,
    nativeDeadLetter: false,
    deliveryDeadlineMs: settings.consumerTimeoutMs,
    renewal: false,
    // Expired messages are left to the core: the broker would take them for dead letters.
    nativeExpiry: false,
    competingConsumers: 'network',
    durable: true,
    embedded: false,
  });
}
