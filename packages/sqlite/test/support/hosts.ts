import { type TransportHost, silentLogger, systemClock } from '@busbar/core';

/** A host that says nothing. What is critical fails the test or ends the process, unless the test wants to see it. */
export function quietHost(overrides: Partial<TransportHost> = {}): TransportHost {
  return {
    endpoint: 'test',
    instance: `${process.pid}`,
    clock: systemClock,
    logger: silentLogger,
    onCritical: (error) => {
      queueMicrotask(() => {
        throw error;
      });
    },
    ...overrides,
  };
}
