import type { Limits, Tier } from './broker/limits.ts';

/** How an emulator is started. Every option may be left out. */
export interface EmulatorOptions {
  /** Of 0, any free one is taken. @default 0 */
  readonly port?: number;
  /** Who can reach the port can do everything: leave it at the loopback unless a container has to. @default '127.0.0.1' */
  readonly host?: string;
  /** Decides how large messages may be. @default 'standard' */
  readonly tier?: Tier;
  /**
   * What a queue, or a topic with its subscriptions, may hold, its dead letters included. An entity's own
   * `maxSizeInMegabytes` counts if it is smaller. @default 64
   */
  readonly maxEntitySizeInMegabytes?: number;
  /** What all entities together may hold. @default 512 */
  readonly maxMemoryInMegabytes?: number;
  /** Clients beyond these are hung up on. @default 1000 */
  readonly maxConnections?: number;
  /**
   * Gives each `SharedAccessKeyName` a namespace of its own, with its own clock and faults, so that tests that run at
   * once share one emulator. In Azure two keys are two ways into one namespace, so this has to be asked for.
   * @default false
   */
  readonly isolateByKeyName?: boolean;
}

export interface EmulatorSettings extends Required<Omit<EmulatorOptions, 'tier'>> {
  readonly limits: Limits;
}

const known: readonly string[] = [
  'port',
  'host',
  'tier',
  'maxEntitySizeInMegabytes',
  'maxMemoryInMegabytes',
  'maxConnections',
  'isolateByKeyName',
];

const kilobyte = 1_024;
const megabyte = 1_024 * kilobyte;

const messageLimits: Record<Tier, Pick<Limits, 'messageSize' | 'batchSize'>> = {
  standard: { messageSize: 256 * kilobyte, batchSize: 256 * kilobyte },
  premium: { messageSize: megabyte, batchSize: megabyte },
};

/** @throws RangeError, TypeError with the option and what it may be */
export function checkOptions(options: EmulatorOptions): EmulatorSettings {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(
        `startServiceBusEmulator has no option '${name}': it has ${known.join(', ')}.`,
      );
    }
  }
  const { tier = 'standard', host = '127.0.0.1', isolateByKeyName = false } = options;
  if (!Object.hasOwn(messageLimits, tier)) {
    throw new TypeError(`The option tier is '${tier}': it must be 'standard' or 'premium'.`);
  }
  const port = wholeNumber('port', options.port ?? 0, 0, 65_535);
  const entityMegabytes = positive(
    'maxEntitySizeInMegabytes',
    options.maxEntitySizeInMegabytes ?? 64,
  );
  const memoryMegabytes = positive('maxMemoryInMegabytes', options.maxMemoryInMegabytes ?? 512);
  return {
    port,
    host,
    isolateByKeyName,
    maxEntitySizeInMegabytes: entityMegabytes,
    maxMemoryInMegabytes: memoryMegabytes,
    maxConnections: wholeNumber('maxConnections', options.maxConnections ?? 1_000, 1, 65_535),
    limits: {
      tier,
      ...messageLimits[tier],
      entitySize: entityMegabytes * megabyte,
      memory: memoryMegabytes * megabyte,
    },
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`The option ${name} is ${value}: it must be a positive number.`);
}

function wholeNumber(name: string, value: number, lowest: number, highest: number): number {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw new RangeError(
    `The option ${name} is ${value}: it must be a whole number between ${lowest} and ${highest}.`,
  );
}
