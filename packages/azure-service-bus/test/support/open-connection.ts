import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import {
  type Logger,
  type TransportConnection,
  type TransportHost,
  systemClock,
} from '@busbar/core';
import type { EmulatorControl } from '@busbar/service-bus-emulator';
import type { TestContext } from 'vitest';
import type { AzureServiceBusTransportOptions } from '@busbar/azure-service-bus';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';

/** What the core gives to a transport, with what was said to it. */
export interface RecordingHost extends TransportHost {
  readonly lines: string[];
  readonly criticals: Error[];
}

export function recordingHost(): RecordingHost {
  const lines: string[] = [];
  const criticals: Error[] = [];
  const say: Logger['warn'] = (_fields, text) => void lines.push(text);
  return {
    endpoint: 'test',
    instance: 'instance',
    clock: systemClock,
    logger: { debug() {}, info: say, warn: say, error: say },
    onCritical: (error) => void criticals.push(error),
    lines,
    criticals,
  };
}

/** A connection to a namespace of the emulator, with a way to look into that. */
export interface OpenConnection extends AsyncDisposable {
  readonly connection: TransportConnection;
  readonly control: EmulatorControl;
  readonly host: RecordingHost;
  readonly connectionString: string;
}

export async function openConnection(
  context: TestContext,
  options: AzureServiceBusTransportOptions = {},
): Promise<OpenConnection> {
  const { options: namespace, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const host = recordingHost();
  const connection = await azureServiceBusTransport({ ...namespace, ...options }).connect(host);
  return {
    connection,
    control: emulated.control,
    host,
    connectionString: emulated.connectionString,
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
