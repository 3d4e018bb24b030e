import type { BusbarError } from '@busbar/core';
import {
  type AzureServiceBusTransportOptions,
  azureServiceBusTransport,
} from '@busbar/azure-service-bus';
import { describe, expect, test } from 'vitest';

const connectionString =
  'Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=secret=';
const emulated = `${connectionString};UseDevelopmentEmulator=true`;
const credential = { getToken: async () => null };

function refusal(options: AzureServiceBusTransportOptions): BusbarError {
  try {
    azureServiceBusTransport(options);
  } catch (error) {
    return error as BusbarError;
  }
  throw new Error('it was accepted');
}

describe('the options of the Azure Service Bus transport', () => {
  test('should need a connection string, or a namespace with a credential', () => {
    expect(azureServiceBusTransport({ connectionString }).address).toBe(
      'sb://shop.servicebus.windows.net',
    );
    const namespace = 'shop.servicebus.windows.net';
    expect(azureServiceBusTransport({ namespace, credential }).address).toBe(`sb://${namespace}`);
    expect(refusal({}).message).toContain('"connectionString"');
    expect(refusal({ namespace }).message).toContain('"credential"');
  });

  test('should name an unknown one and those that there are', () => {
    const error = refusal({ connectionString, prefetch: 5 } as AzureServiceBusTransportOptions);
    expect(error.code).toBe('UNKNOWN_OPTION');
    expect(error.message).toContain('has no option "prefetch"');
    expect(error.help).toContain('prefetchFactor');
  });

  test.each<[AzureServiceBusTransportOptions, string]>([
    [{ connectionString, namespace: 'host' }, '"namespace"'],
    [{ connectionString, credential }, '"credential"'],
    [{ namespace: 'https://host', credential }, '"namespace"'],
    [{ namespace: 'host', credential: {} as never }, 'an object with `getToken`'],
    [{ connectionString, lockDurationMs: 4_999 }, 'from 5000 to 300000'],
    [{ connectionString: emulated, lockDurationMs: 999 }, 'from 1000 to 300000'],
    [{ connectionString, retries: 0.5 }, '"retries"'],
    [{ connectionString, provisioning: 'plan' as never }, "'create' or 'print'"],
    [{ connectionString, administration: 'localhost:5300' }, 'an http: or https: URL'],
    [{ connectionString, nativeMessages: {} as never }, '"object", but must be a function'],
    [{ connectionString: '' }, '"connectionString"'],
  ])('should be refused by name: %j', (options, what) => {
    const error = refusal(options);
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.message).toContain(what);
    expect(JSON.stringify(error) + error.stack).not.toContain('secret');
  });

  test('should let an emulator have shorter locks than the service', () => {
    const options = { connectionString: emulated, lockDurationMs: 1_000 };
    expect(() => azureServiceBusTransport(options)).not.toThrow();
  });

  test('should leave room for headers in the largest body', () => {
    const { capabilities } = azureServiceBusTransport({ connectionString });
    expect(capabilities.maxBodyBytes + 64 * 1_024).toBe(262_144);
    expect(capabilities.transactionModes).toEqual(['receive-only']);
    expect(capabilities.nativeDeadLetter).toBe(true);
  });
});
