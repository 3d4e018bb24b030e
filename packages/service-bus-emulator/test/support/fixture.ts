import {
  ServiceBusAdministrationClient,
  ServiceBusClient,
  type ServiceBusClientOptions,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import {
  administrationOverHttp,
  type EmulatorControl,
  type EmulatorOptions,
  startServiceBusEmulator,
  type ServiceBusEmulator,
} from '../../src/index.ts';

export interface Fixture {
  readonly connectionString: string;
  readonly control: EmulatorControl;
  readonly admin: ServiceBusAdministrationClient;
  readonly client: ServiceBusClient;
  /** Another client with its own connection. */
  connect(options?: ServiceBusClientOptions): ServiceBusClient;
}

/** Fails at once instead of trying again after half a minute. */
export const impatient = { retryOptions: { maxRetries: 0, timeoutInMs: 5_000 } } as const;

let lastNamespace = 0;

/** One emulator for a file, and a function that gives each test a namespace of its own. */
export function useEmulator(options: EmulatorOptions = {}): () => Fixture {
  let emulator: ServiceBusEmulator;
  beforeAll(async () => {
    emulator = await startServiceBusEmulator({ isolateByKeyName: true, ...options });
  });
  afterAll(async () => {
    await emulator.stop();
  });
  return () => {
    const { connectionString, control } = emulator.namespace(`Test${++lastNamespace}`);
    const connect = (clientOptions: ServiceBusClientOptions = impatient): ServiceBusClient => {
      const client = new ServiceBusClient(connectionString, clientOptions);
      onTestFinished(async () => {
        await client.close();
      });
      return client;
    };
    const admin = administrationOverHttp(
      new ServiceBusAdministrationClient(connectionString, { retryOptions: { maxRetries: 0 } }),
    );
    return { connectionString, control, admin, client: connect(), connect };
  };
}

export async function receiveOne(receiver: ServiceBusReceiver) {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  if (message === undefined) throw new Error('Nothing came within five seconds.');
  return message;
}

/** The code of the error that a call fails with, or undefined. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
