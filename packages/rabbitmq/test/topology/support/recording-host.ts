import {
  type Clock,
  type Logger,
  type TransportHost,
  silentLogger,
  systemClock,
} from '@busbar/core';

/** What the core gives to a transport, with the lines that it was told. */
export interface RecordingHost extends TransportHost {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export function recordingHost(clock: Clock = systemClock): RecordingHost {
  const warnings: string[] = [];
  const infos: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    info: (_fields, text) => void infos.push(text),
    warn: (_fields, text) => void warnings.push(text),
  };
  return {
    endpoint: 'test',
    instance: 'instance',
    clock,
    logger,
    onCritical: () => {},
    warnings,
    infos,
  };
}
