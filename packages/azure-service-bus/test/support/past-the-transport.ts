import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { checkOptions } from '../../src/service-bus-options.ts';
import { makeAdministrationClient } from '../../src/connection/clients.ts';
import type { NamespaceForTests } from '../../../../test/support/service-bus/namespace-for-tests.ts';

/** The namespace with the SDK alone, as an operator or a foreign program sees it. */
export class PastTheTransport {
  readonly client: ServiceBusClient;
  readonly #namespace: NamespaceForTests;

  constructor(namespace: NamespaceForTests) {
    this.#namespace = namespace;
    this.client = new ServiceBusClient(namespace.options.connectionString ?? '', {
      retryOptions: { maxRetries: 0 },
    });
  }

  get administration(): NonNullable<ReturnType<typeof makeAdministrationClient>> {
    const client = makeAdministrationClient(checkOptions(this.#namespace.options));
    if (client === undefined) throw new Error('the namespace of the tests has no administration');
    return client;
  }

  async removeQueue(queue: string): Promise<void> {
    await this.administration.deleteQueue(queue);
  }

  /** A message whose body is no bytes. */
  async sendPoison(queue: string): Promise<void> {
    const sender = this.client.createSender(queue);
    await sender.sendMessages({
      body: { foreign: true },
      bodyType: 'value',
      properties: { groupId: 'foreign' },
      applicationProperties: { 'x-foreign': 'yes' },
    });
    await sender.close();
  }

  /** Ends the lock that somebody else has, so that the message can be received again. */
  async takeLock(queue: string, message: ServiceBusReceivedMessage): Promise<void> {
    const receiver = this.client.createReceiver(queue);
    await receiver.abandonMessage(message);
    await receiver.close();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
