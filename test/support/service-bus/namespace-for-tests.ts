import { randomBytes } from 'node:crypto';
import type { AzureServiceBusTransportOptions } from '@busbar/azure-service-bus';
import {
  type EmulatedNamespace,
  type ServiceBusEmulator,
  startServiceBusEmulator,
} from '@busbar/service-bus-emulator';
import { afterAll } from 'vitest';
import { type MicrosoftsEmulator, startMicrosoftsEmulator } from './microsofts-emulator.ts';

/** A namespace that no other test meets, or a shared one of the real service. */
export interface NamespaceForTests {
  readonly options: AzureServiceBusTransportOptions;
  /** Present where it is our own emulator's, which does what a test asks. */
  readonly emulated: EmulatedNamespace | undefined;
}

/**
 * `BUSBAR_TEST_SERVICE_BUS` is the connection string of a real namespace, or of a running emulator of Microsoft's; then
 * `BUSBAR_TEST_SERVICE_BUS_ADMINISTRATION` is the URL of its administration, `http://localhost:5300`. With
 * `TEST_BROKER=container` such an emulator is started.
 */
const given = process.env['BUSBAR_TEST_SERVICE_BUS'];
const administration = process.env['BUSBAR_TEST_SERVICE_BUS_ADMINISTRATION'];
const inContainer = given === undefined && process.env['TEST_BROKER'] === 'container';

/** Whether a test may order failures and take locks away. */
export const isEmulated = given === undefined && !inContainer;

/** For `context.skip`, with the reason. */
export const needsOurEmulator = 'only the emulator of this repository fails when a test asks it to';

let emulator: Promise<ServiceBusEmulator> | undefined;
let container: Promise<MicrosoftsEmulator> | undefined;

afterAll(async () => {
  const running = [emulator, container];
  emulator = undefined;
  container = undefined;
  for (const each of running) await (await each)?.stop();
});

/** A fresh namespace of the emulator, one for all of a test file; else the one that the environment names. */
export async function namespaceForTests(): Promise<NamespaceForTests> {
  if (given !== undefined) {
    const more = administration === undefined ? {} : { administration };
    return { options: { connectionString: given, ...more }, emulated: undefined };
  }
  if (inContainer) {
    container ??= startMicrosoftsEmulator();
    return { options: (await container).options, emulated: undefined };
  }
  emulator ??= startServiceBusEmulator({ isolateByKeyName: true });
  const { namespace } = await emulator;
  const emulated = namespace(`test-${randomBytes(4).toString('hex')}`);
  return { options: { connectionString: emulated.connectionString }, emulated };
}
