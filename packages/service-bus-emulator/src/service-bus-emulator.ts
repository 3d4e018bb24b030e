import { AdministrationServer } from './administration/administration-server.ts';
import { AmqpServer } from './amqp/amqp-server.ts';
import type { EmulatorControl } from './control/emulator-control.ts';
import { NamespaceControl } from './control/namespace-control.ts';
import { checkOptions, type EmulatorOptions } from './emulator-options.ts';
import { PortServer } from './server/port-server.ts';
import type { TenantOf } from './server/tenant.ts';
import { Tenants } from './server/tenants.ts';

const defaultKeyName = 'RootManageSharedAccessKey';
const largestPremiumMessage = 100 * 1024 * 1024;

/** A namespace of the emulator: how clients reach it, and what a test can do to it. */
export interface EmulatedNamespace {
  /** For clients, and for administration clients with `administrationOverHttp`. */
  readonly connectionString: string;
  /** For tests. */
  readonly control: EmulatorControl;
}

/** A running emulator. It ends with `stop`, or at the end of the block that `await using` declares it in. */
export interface ServiceBusEmulator extends EmulatedNamespace, AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on, whichever was free. */
  readonly port: number;
  /**
   * The namespace of a key name. With `isolateByKeyName` each has its own; without it, all names lead to the one
   * namespace that there is.
   */
  namespace(keyName: string): EmulatedNamespace;
  /** Ends all connections and frees the port. What was stored is gone. */
  stop(): Promise<void>;
}

/**
 * Starts an Azure Service Bus on one port of this machine, for AMQP and for administration over HTTP, in memory.
 *
 * @throws TypeError, RangeError for an option; the error of the operating system when the port is taken
 */
export async function startServiceBusEmulator(
  options: EmulatorOptions = {},
): Promise<ServiceBusEmulator> {
  const settings = checkOptions(options);
  const { limits } = settings;
  const tenants: Tenants = new Tenants({
    limits,
    isolated: settings.isolateByKeyName,
    defaultKeyName,
    detachLinks: (namespace, address, reason) => {
      amqp.detachLinks(namespace, address, reason);
    },
  });
  const tenantOf: TenantOf = (keyName) => tenants.get(keyName);
  const amqp = new AmqpServer({
    largestMessage: limits.tier === 'premium' ? largestPremiumMessage : limits.messageSize,
    tenantOf,
  });
  const administration = new AdministrationServer({ tenantOf });
  const server = new PortServer({
    maxConnections: settings.maxConnections,
    onAmqp: (socket) => {
      amqp.accept(socket);
    },
    onHttp: (socket) => {
      administration.accept(socket);
    },
  });
  const { address: host, port } = await server.listen(settings.port, settings.host);

  const namespace = (keyName: string): EmulatedNamespace => {
    const tenant = tenantOf(keyName);
    return {
      connectionString: connectionString(host, port, keyName),
      control: new NamespaceControl(tenant, {
        countConnections: () => amqp.connectionsOf(tenant).length,
        dropConnections: () => amqp.dropConnections(tenant),
        detachLinks: (entity, reason) => amqp.detachLinks(tenant.namespace, entity, reason),
      }),
    };
  };
  const stop = async (): Promise<void> => {
    administration.stop();
    tenants.stop();
    await server.stop(() => amqp.stop());
  };
  return {
    ...namespace(defaultKeyName),
    host,
    port,
    namespace,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function connectionString(host: string, port: number, keyName: string): string {
  // A wildcard is where to listen, not where to connect.
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return [
    `Endpoint=sb://${name}:${port}`,
    `SharedAccessKeyName=${keyName}`,
    'SharedAccessKey=emulated',
    'UseDevelopmentEmulator=true',
  ].join(';');
}
