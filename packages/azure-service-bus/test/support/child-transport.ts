import type { Transport } from '@busbar/core';
import {
  type AzureServiceBusTransportOptions,
  azureServiceBusTransport,
} from '@busbar/azure-service-bus';

/** What the conformance suite's own child processes receive with. */
export function childTransport(argument: unknown): Transport {
  return azureServiceBusTransport(argument as AzureServiceBusTransportOptions);
}
