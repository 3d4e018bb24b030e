import type { TransportCapabilities } from '@busbar/core';
import type { ServiceBusSettings } from './service-bus-options.ts';

/** The service lets all properties of a message take 64 KiB, however large the message may be. */
const propertyBytes = 64 * 1_024;

/** The service takes any time that a date can say; nobody who plans further ahead means it. */
const tenYearsMs = 10 * 365 * 24 * 60 * 60 * 1_000;

/** What the Azure Service Bus transport can do with these settings. */
export function serviceBusCapabilities(settings: ServiceBusSettings): TransportCapabilities {
  return Object.freeze<TransportCapabilities>({
    maxDelayMs: tenYearsMs,
    delayResolutionMs: 1,
    maxBodyBytes: settings.maxMessageBytes - propertyBytes,
    // One property takes 32 KiB at most, its name and type included, and all of them 64 KiB with what the service adds.
    maxHeaderBytes: 30 * 1_024,
    ordering: 'key',
    transactionModes: ['receive-only'],
    deliveryCount: true,
    nativeDeadLetter: true,
    deliveryDeadlineMs: undefined,
    renewal: true,
    nativeExpiry: true,
    competingConsumers: 'network',
    durable: true,
    embedded: false,
  });
}
