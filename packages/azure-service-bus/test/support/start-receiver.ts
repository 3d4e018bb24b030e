import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import type { AzureServiceBusTransportOptions } from '@busbar/azure-service-bus';
import {
  type Clock,
  type OnError,
  type OnMessage,
  type Receiver,
  type TransportConnection,
  silentLogger,
  systemClock,
} from '@busbar/core';
import type { EmulatorControl } from '@busbar/service-bus-emulator';
import type { TestContext } from 'vitest';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';

/** What a test of a receiver differs in from others. */
export interface ReceiverForTest {
  readonly ordered?: boolean;
  readonly concurrency?: number;
  readonly suspicionAfter?: number;
  readonly clock?: Clock;
  readonly options?: (connectionString: string) => AzureServiceBusTransportOptions;
  /** @default settles */
  readonly onMessage?: OnMessage;
  /** @default retries */
  readonly onError?: OnError;
}

/** A receiver of the queue `sales` of a namespace of its own. */
export interface StartedReceiver extends AsyncDisposable {
  readonly connection: TransportConnection;
  readonly receiver: Receiver;
  readonly control: EmulatorControl;
  /** Logical ids in the order in which attempts began. */
  readonly begun: string[];
  send(id: string, key?: string): Promise<void>;
}

export async function startReceiver(
  context: TestContext,
  test: ReceiverForTest,
): Promise<StartedReceiver> {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const { ordered = false, concurrency = 1, suspicionAfter = 500 } = test;
  const connectionString = options.connectionString ?? '';
  const transport = azureServiceBusTransport(
    test.options?.(connectionString) ?? { connectionString },
  );
  const connection = await transport.connect({
    endpoint: 'test',
    instance: 'i',
    clock: test.clock ?? systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  await connection.queues.provision([{ name: 'sales', ordered }]);
  const receiver = connection.createReceiver({
    queue: 'sales',
    concurrency,
    suspicionAfter,
    ordered,
  });
  const begun: string[] = [];
  await receiver.start(
    async (attempt) => {
      begun.push(attempt.headers['busbar-message-id'] ?? '');
      return (await test.onMessage?.(attempt)) ?? 'settle';
    },
    test.onError ?? (async () => ({ action: 'retry' })),
  );
  return {
    connection,
    receiver,
    control: emulated.control,
    begun,
    send: async (id, key) => {
      await connection.dispatch([
        {
          message: { headers: { 'busbar-message-id': id }, body: new Uint8Array([1]) },
          destination: { kind: 'queue', queue: 'sales' },
          ...(key !== undefined && { partitionKey: key }),
        },
      ]);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
