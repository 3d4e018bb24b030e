import { setTimeout } from 'node:timers/promises';
import {
  RetryMode,
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusClientOptions,
} from '@azure/service-bus';
import type { ServiceBusSettings } from '../service-bus-options.ts';
import { toConnectionString } from './namespace-address.ts';

/** The SDK's own delays are thirty seconds; what lasts longer than these is for the core's back-off. */
const firstDelayMs = 200;
const longestDelayMs = 5_000;

/** Bodies are bytes, and this package renews locks itself: the SDK gives up after five minutes, and tells nobody. */
export const receiverOptions = {
  receiveMode: 'peekLock',
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
  maxAutoLockRenewalDurationInMs: 0,
} as const;

/** A connection to the namespace, which opens with its first use. */
export function makeClient(settings: ServiceBusSettings, identifier: string): ServiceBusClient {
  const { address, credential, operationTimeoutMs, retries } = settings;
  const options: ServiceBusClientOptions = {
    identifier,
    retryOptions: {
      maxRetries: retries,
      retryDelayInMs: firstDelayMs,
      maxRetryDelayInMs: longestDelayMs,
      mode: RetryMode.Exponential,
      timeoutInMs: operationTimeoutMs,
    },
  };
  return credential === undefined
    ? new ServiceBusClient(toConnectionString(address), options)
    : new ServiceBusClient(address.host, credential, options);
}

/** The administration interface; undefined where the settings say that it is not asked. */
export function makeAdministrationClient(
  settings: ServiceBusSettings,
): ServiceBusAdministrationClient | undefined {
  const { address, credential, administration, operationTimeoutMs, retries } = settings;
  // The SDK makes no request with a signature that was made beforehand: it is for messages alone.
  if (administration === false || address.signature !== undefined) return undefined;
  const options = {
    retryOptions: {
      maxRetries: retries,
      retryDelayInMs: firstDelayMs,
      maxRetryDelayInMs: longestDelayMs,
    },
  };
  const client =
    credential === undefined
      ? new ServiceBusAdministrationClient(toConnectionString(address), options)
      : new ServiceBusAdministrationClient(address.host, credential, options);
  const base = administration ?? (address.emulator ? `http://${address.host}` : undefined);
  if (base !== undefined) redirect(client, new URL(base));
  repeatConflicts(client, retries);
  client.pipeline.addPolicy({
    name: 'busbarTimeout',
    sendRequest: (request, next) => {
      request.timeout = operationTimeoutMs;
      return next(request);
    },
  });
  return client;
}

/**
 * The service answers that another change of the same entity is under way, and the SDK takes that for final. Nothing was
 * done then, and nothing says that what was asked for exists.
 */
function repeatConflicts(client: ServiceBusAdministrationClient, retries: number): void {
  client.pipeline.addPolicy({
    name: 'busbarConflicts',
    sendRequest: async (request, next) => {
      for (let tried = 0; ; tried += 1) {
        const response = await next(request);
        const conflict =
          response.status === 409 && /SubCode=40901/i.test(response.bodyAsText ?? '');
        if (!conflict || tried >= retries) return response;
        await setTimeout(Math.min(longestDelayMs, firstDelayMs * 2 ** tried));
      }
    },
  });
}

/** The SDK knows no other place than https at the host of the namespace. */
function redirect(client: ServiceBusAdministrationClient, base: URL): void {
  client.pipeline.addPolicy({
    name: 'busbarAdministrationUrl',
    sendRequest: (request, next) => {
      const url = new URL(request.url);
      url.protocol = base.protocol;
      url.host = base.host;
      // Setting the host leaves a port where the new one has none.
      url.port = base.port;
      request.url = url.href;
      request.allowInsecureConnection = base.protocol === 'http:';
      return next(request);
    },
  });
}
