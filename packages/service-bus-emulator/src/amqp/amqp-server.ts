import type { Socket } from 'node:net';
import rhea, { type Container, type EventContext, type Receiver, type Sender } from 'rhea';
import { type BrokerFault, invalidArgument, notAllowed } from '../broker/broker-fault.ts';
import type { Namespace } from '../broker/namespace.ts';
import { performOperation } from '../management/operations.ts';
import { ManagementRequest } from '../management/management-request.ts';
import { keyNameIn } from '../server/key-name.ts';
import type { Tenant, TenantOf } from '../server/tenant.ts';
import { findEntity, parseAddress } from '../broker/address.ts';
import { ClientConnection } from './client-connection.ts';
import { acceptInboundLink } from './inbound-link.ts';
import { refuse } from './link-opening.ts';
import { acceptReceiverLink } from './receiver-attach.ts';
import { serveRequests, type NodeRequest } from './request-node.ts';
import type { Reply } from './reply.ts';
import type { SenderInternals } from './rhea-internals.ts';

const cbs = '$cbs';
const heardElsewhere = [
  'error',
  'protocol_error',
  'connection_open',
  'connection_close',
  'connection_error',
  'disconnected',
  'session_open',
  'session_close',
  'session_error',
  'sender_close',
  'sender_error',
  'receiver_close',
  'receiver_error',
  'settled',
];
/** A service answers requests of a few kilobytes and batches of scheduled messages, which are longer. */
const roomForManagement = 64 * 1024;

export interface AmqpServerOptions {
  readonly largestMessage: number;
  readonly tenantOf: TenantOf;
}

/** The AMQP side of the port. */
export class AmqpServer {
  readonly #options: AmqpServerOptions;
  readonly #container: Container;
  readonly #connections = new Set<ClientConnection>();

  constructor(options: AmqpServerOptions) {
    this.#options = options;
    this.#container = rhea.create_container({
      autosettle: false,
      autoaccept: false,
      treat_modified_as_released: false,
    });
    this.#listen();
  }

  accept(socket: Socket): void {
    const { tenantOf, largestMessage } = this.#options;
    const connection = new ClientConnection(this.#container, socket, {
      tenant: tenantOf(undefined),
      largestMessage: largestMessage + roomForManagement,
    });
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      connection.tenant.changes.tell();
    });
    this.#serve(connection);
    connection.accept();
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#connections, (connection) => connection.close()));
  }

  connectionsOf({ namespace }: Tenant): ClientConnection[] {
    return [...this.#connections].filter((each) => each.namespace === namespace);
  }

  dropConnections(tenant: Tenant): number {
    const dropped = this.connectionsOf(tenant);
    for (const connection of dropped) connection.drop();
    return dropped.length;
  }

  detachLinks(namespace: Namespace, entity: string | undefined, reason: BrokerFault): number {
    let detached = 0;
    for (const connection of this.#connections) {
      if (connection.namespace === namespace) detached += connection.detachLinks(entity, reason);
    }
    return detached;
  }

  #listen(): void {
    // An event without a listener is an unhandled error to rhea, or printed. What ends a connection is seen on its
    // socket, and what a client does wrong is answered to it.
    for (const event of heardElsewhere) this.#container.on(event, () => {});
  }

  #serve(connection: ClientConnection): void {
    const { rhea: client } = connection;
    client.on('session_open', ({ session }: EventContext) => {
      if (session !== undefined) connection.watchSession(session);
    });
    client.on('receiver_open', ({ receiver }: EventContext) => {
      if (receiver !== undefined) this.#onClientSends(connection, receiver);
    });
    client.on('sender_open', ({ sender }: EventContext) => {
      if (sender !== undefined) this.#onClientReceives(connection, sender);
    });
  }

  #onClientSends(connection: ClientConnection, receiver: Receiver): void {
    const address = addressOf(receiver.target);
    if (address === cbs) {
      serveRequests(connection, receiver, 'hyphens', (request) =>
        this.#authorize(connection, request),
      );
    } else if (parseAddress(address).management) {
      serveRequests(connection, receiver, 'camelCase', (request) =>
        this.#manage(connection, address, request),
      );
    } else {
      acceptInboundLink(connection, receiver, address);
    }
  }

  #onClientReceives(connection: ClientConnection, sender: Sender): void {
    const address = addressOf(sender.source);
    if (address === '') {
      refuse(sender, notAllowed('A link to receive on needs the address of an entity.'));
    } else if (address === cbs || parseAddress(address).management) {
      sender.set_source(sender.source);
      sender.set_target(sender.target);
      const names = [sender.name, addressOf(sender.target)].filter((name) => name !== '');
      for (const name of names) connection.replyLinks.set(name, sender as SenderInternals);
      const forget = (): void => {
        for (const name of names) connection.replyLinks.delete(name);
      };
      sender.on('sender_close', forget);
      sender.session.on('session_close', forget);
    } else {
      acceptReceiverLink(connection, sender, address);
    }
  }

  #authorize(connection: ClientConnection, { property, body }: NodeRequest): Reply {
    if (property('operation') !== 'put-token') {
      throw invalidArgument(`$cbs has no operation '${property('operation')}'.`);
    }
    const { entity } = parseAddress(property('name'));
    connection.tenant = this.#options.tenantOf(keyNameIn(body?.value));
    return connection.faults.perform('authorize', entity, () => {
      // Here a client learns that the entity is missing, whatever it wanted there.
      if (entity !== '') findEntity(connection.namespace, entity);
      return { status: 202, description: 'Accepted' };
    });
  }

  #manage(connection: ClientConnection, text: string, { property, body }: NodeRequest): Reply {
    const address = parseAddress(text);
    return connection.faults.perform('manage', address.entity, () => {
      const request = new ManagementRequest(property('operation'), body);
      const { namespace } = connection;
      const response = performOperation({ namespace, address, request });
      return response === undefined
        ? { status: 204, description: 'No Content' }
        : { status: 200, description: 'OK', body: response };
    });
  }
}

function addressOf(terminus: { readonly address?: unknown } | null | undefined): string {
  return typeof terminus?.address === 'string' ? terminus.address : '';
}
