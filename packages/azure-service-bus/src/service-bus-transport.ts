import type { Transport } from '@busbar/core';
import { serviceBusCapabilities } from './capabilities.ts';
import { ServiceBusConnection } from './service-bus-connection.ts';
import {
  type AzureServiceBusTransportOptions,
  type ServiceBusSettings,
  checkOptions,
} from './service-bus-options.ts';

/**
 * Carries messages through a namespace of Azure Service Bus, standard or premium. Each endpoint has two connections, one to
 * send and one to receive, which come back by themselves after any outage.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function azureServiceBusTransport(options: AzureServiceBusTransportOptions): Transport {
  return transportWith(checkOptions(options));
}

/** The transport with options that were checked. */
export function transportWith(settings: ServiceBusSettings): Transport {
  return {
    name: 'azure-service-bus',
    address: `sb://${settings.address.host}`,
    capabilities: serviceBusCapabilities(settings),
    connect: (host) => ServiceBusConnection.open(settings, host),
  };
}
