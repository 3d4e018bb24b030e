import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import type { EndpointOptions } from '@busbar/core';
import type { EmulatorControl } from '@busbar/service-bus-emulator';
import type { TestContext } from 'vitest';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../support/service-bus/namespace-for-tests.ts';
import { Bus, type BusOptions } from '../rabbitmq/support/bus.ts';

/** Short, so that what a lost lock does shows within a test. */
const lockDurationMs = 2_000;

/** A bus on a namespace of its own, which fails as a test asks it to. */
export interface FailingBus extends AsyncDisposable {
  readonly bus: Bus;
  readonly control: EmulatorControl;
  readonly transport: () => EndpointOptions['transport'];
}

export async function openBus(
  context: TestContext,
  options: Pick<BusOptions, 'worker' | 'work' | 'watch' | 'repeatable'> = {},
): Promise<FailingBus> {
  const { options: namespace, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const transport = (): EndpointOptions['transport'] =>
    azureServiceBusTransport({ ...namespace, lockDurationMs, operationTimeoutMs: 5_000 });
  const bus = new Bus({ ...options, other: transport }, context);
  return {
    bus,
    control: emulated.control,
    transport,
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}
