import type { AzureServiceBusTransportOptions } from '@busbar/azure-service-bus';

const startLimitMs = 300_000;
const administrationPort = 5_300;

/** Microsoft's emulator, in a container with a database of its own. */
export interface MicrosoftsEmulator {
  readonly options: AzureServiceBusTransportOptions;
  stop(): Promise<void>;
}

/**
 * Starts it through Testcontainers; `TEST_SERVICE_BUS_IMAGE` names another image, of 2.0.0 or newer, which has an
 * administration interface. Rejects where no engine answers, the image cannot be had, or `ACCEPT_EULA` is not `Y`: only who
 * runs the tests can agree to the terms of its licence.
 */
export async function startMicrosoftsEmulator(): Promise<MicrosoftsEmulator> {
  if (process.env['ACCEPT_EULA'] !== 'Y') {
    throw new Error(
      'Set ACCEPT_EULA=Y if you agree to the licences of the emulator of Azure Service Bus and of SQL Server, in which it keeps its data.',
    );
  }
  // Slow to load, and needed by nobody else.
  const { AzureServiceBusContainer } = await import('@testcontainers/azureservicebus');
  const image =
    process.env['TEST_SERVICE_BUS_IMAGE'] ??
    'mcr.microsoft.com/azure-messaging/servicebus-emulator:2.0.0';
  const container = await new AzureServiceBusContainer(image)
    .acceptLicense()
    .withExposedPorts(administrationPort)
    .withStartupTimeout(startLimitMs)
    .start();
  const address = `http://${container.getHost()}:${container.getMappedPort(administrationPort)}`;
  return {
    options: { connectionString: container.getConnectionString(), administration: address },
    stop: async () => {
      await container.stop();
    },
  };
}
