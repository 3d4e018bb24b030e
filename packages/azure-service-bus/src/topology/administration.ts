import type { ServiceBusAdministrationClient } from '@azure/service-bus';
import { BusbarError, type TransportHost } from '@busbar/core';
import { kindOf, textOf, toBusbarError } from '../connection/service-failure.ts';
import type { ServiceBusSettings } from '../service-bus-options.ts';

/** Why something could not be asked or done. */
export type Denial = 'no-rights' | 'not-asked';

/** The administration interface, for those who may use it. */
export class Administration {
  readonly settings: ServiceBusSettings;
  readonly host: TransportHost;
  readonly #client: ServiceBusAdministrationClient | undefined;
  readonly #warned = new Set<string>();

  constructor(
    client: ServiceBusAdministrationClient | undefined,
    settings: ServiceBusSettings,
    host: TransportHost,
  ) {
    this.#client = client;
    this.settings = settings;
    this.host = host;
  }

  /** Whether what provisioning would make is only printed. */
  get prints(): boolean {
    return this.settings.provisioning === 'print' || this.#client === undefined;
  }

  /**
   * Asks something, or tells that it cannot be asked.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  async ask<T extends object>(
    what: string,
    question: (client: ServiceBusAdministrationClient) => Promise<T>,
  ): Promise<T | Denial> {
    if (this.#client === undefined) return 'not-asked';
    try {
      return await question(this.#client);
    } catch (error) {
      if (kindOf(error) === 'unauthorized') return 'no-rights';
      throw toBusbarError(error, what, this.settings.address.host);
    }
  }

  /**
   * Does something, which needs the right to manage.
   *
   * @param command what an operator with the right would type, for the error
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  async act<T>(
    what: string,
    command: string,
    action: (client: ServiceBusAdministrationClient) => Promise<T>,
  ): Promise<T> {
    const { host } = this.settings.address;
    if (this.#client === undefined) {
      throw new BusbarError('UNSUPPORTED_BY_TRANSPORT', `There is no administration for ${what}.`, {
        help: `Set the option \`administration\`, or run: ${command}`,
      });
    }
    try {
      return await action(this.#client);
    } catch (error) {
      if (kindOf(error) !== 'unauthorized') throw toBusbarError(error, what, host);
      throw new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `Azure Service Bus at ${host} refused ${what}: ${textOf(error)}`,
        {
          help: `Provision with a policy or identity that has the right Manage (the role Azure Service Bus Data Owner), or have somebody run: ${command}`,
          details: { namespace: host },
          cause: error,
        },
      );
    }
  }

  warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.host.logger.warn({ endpoint: this.host.endpoint }, text);
  }

  /** Says what would be done. */
  print(command: string): void {
    const { endpoint, logger } = this.host;
    logger.info(
      { endpoint, command },
      `Not provisioned, which needs the right Manage (Azure Service Bus Data Owner): ${command}`,
    );
  }

  /** An `az` command for the namespace. */
  command(words: string): string {
    const { host, emulator } = this.settings.address;
    // Of an emulator, or of an address behind which a namespace is, the host says nothing of its name.
    const [, name = '<namespace>'] = (!emulator && namespaceHost.exec(host)) || [];
    return `az servicebus ${words} --namespace-name ${name} --resource-group <group>`;
  }
}

/** In each of the clouds. */
const namespaceHost = /^([a-z][a-z0-9-]*)\.servicebus\.[a-z.]+$/i;

export function isDenial(answer: unknown): answer is Denial {
  return typeof answer === 'string';
}

/** True where somebody else made it in the same moment, or before; not where two changes got in each other's way. */
export function existsAlready(thrown: unknown): boolean {
  return (
    (thrown as { readonly code?: unknown } | undefined)?.code === 'MessageEntityAlreadyExistsError'
  );
}

export function isMissing(thrown: unknown): boolean {
  return kindOf(thrown) === 'missing';
}

/** `PT30S`; the service takes whole seconds and their thousandths. */
export function isoDuration(ms: number): string {
  return `PT${ms / 1_000}S`;
}
