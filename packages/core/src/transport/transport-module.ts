import { BusbarError } from '../errors.ts';
import type { TransportCapabilities } from './capabilities.ts';
import type { Transport } from './transport.ts';

/**
 * The version of the transport port. It changes when an adapter that was written for the port before would fail or
 * misbehave. An adapter exports the number that it was written for, as a number of its own: one that it re-exported
 * from here would always be equal.
 */
export const transportApiVersion = 1;

/** What the entry of an adapter package exports, so that `transportFrom` can use it. */
export interface TransportModule {
  /**
   * The transport of a URL, made without any I/O.
   *
   * @throws BusbarError INVALID_CONFIGURATION when the URL makes no sense; the error shows no secret of it
   */
  fromUrl(url: string): Transport;
  readonly transportApiVersion: number;
}

/**
 * The transport that `module` makes of `url`.
 *
 * @throws BusbarError INCOMPATIBLE_PACKAGE when the module, or what it makes, is not what this version works with
 */
export function transportOf(module: unknown, packageName: string, url: string): Transport {
  const { fromUrl, transportApiVersion: version } = module as Partial<TransportModule>;
  if (typeof fromUrl !== 'function') {
    throw incompatible(packageName, 'exports no function `fromUrl`');
  }
  if (version !== transportApiVersion) {
    const built = version === undefined ? 'none' : JSON.stringify(version);
    throw incompatible(
      packageName,
      `was built for version ${built} of the transport port, and this is version ${transportApiVersion}`,
    );
  }
  const transport: unknown = fromUrl(url);
  const problems = problemsOf(transport);
  if (problems.length > 0) {
    throw incompatible(packageName, `makes a transport without ${problems.join(', ')}`);
  }
  return transport as Transport;
}

/** The `typeof` that each capability may have. */
const capabilityTypes: Readonly<Record<keyof TransportCapabilities, readonly string[]>> = {
  maxDelayMs: ['number'],
  delayResolutionMs: ['number'],
  maxBodyBytes: ['number'],
  maxEventBodyBytes: ['number', 'undefined'],
  maxHeaderBytes: ['number'],
  ordering: ['string'],
  orderedEventsOnly: ['boolean', 'undefined'],
  transactionModes: ['object'],
  deliveryCount: ['boolean'],
  nativeDeadLetter: ['boolean'],
  deliveryDeadlineMs: ['number', 'undefined'],
  renewal: ['boolean'],
  nativeExpiry: ['boolean'],
  competingConsumers: ['string'],
  durable: ['boolean'],
  embedded: ['boolean'],
};

/** What `value` lacks to be a transport, as words for a message. */
function problemsOf(value: unknown): readonly string[] {
  const transport = (value ?? {}) as Partial<Transport>;
  const problems: string[] = [];
  if (typeof transport.name !== 'string') problems.push('`name`');
  if (typeof transport.address !== 'string') problems.push('`address`');
  if (typeof transport.connect !== 'function') problems.push('`connect`');
  const capabilities = (transport.capabilities ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, types] of Object.entries(capabilityTypes)) {
    if (!types.includes(typeof capabilities[name])) problems.push(`\`capabilities.${name}\``);
  }
  return problems;
}

/** INCOMPATIBLE_PACKAGE, with the sentence `<package> <what>.` */
export function incompatible(packageName: string, what: string, cause?: unknown): BusbarError {
  return new BusbarError('INCOMPATIBLE_PACKAGE', `${packageName} ${what}.`, {
    details: { package: packageName },
    ...(cause === undefined ? {} : { cause }),
  });
}
