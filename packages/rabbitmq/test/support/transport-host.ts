import { type Logger, type TransportHost, systemClock } from '@busbar/core';

/** What the core gives to a transport, with what was said to it. */
export interface RecordingHost extends TransportHost {
  readonly warnings: readonly string[];
  readonly criticals: readonly Error[];
}

export function transportHost(endpoint = 'test'): RecordingHost {
  const warnings: string[] = [];
  const criticals: Error[] = [];
  const warn: Logger['warn'] = (_fields, text) => void warnings.push(text);
  const logger: Logger = { debug() {}, info() {}, warn, error: warn };
  return {
    endpoint,
    instance: 'instance',
    clock: systemClock,
    logger,
    onCritical: (error) => void criticals.push(error),
    warnings,
    criticals,
  };
}
