import {
  type Headers,
  MemoryBroker,
  createEndpoint,
  handler,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import type { MessageProperties, Options } from 'amqplib';
import { order } from '../order.ts';
import { BusbarHeaders } from './busbar-headers.ts';
import { OrderPlaced, PlaceOrder } from './order-messages.ts';

/** Of values that differ from message to message only the lengths are compared. */
const own = ['message-id', 'correlation-id', 'conversation-id', 'related-to', 'time-sent'];

/**
 * Makes sure that the twin sends what Busbar sends: compares with a command and an event of an endpoint in memory.
 *
 * @throws Error that shows both
 */
export async function checkHeaders(endpoint: string): Promise<void> {
  const twin = new BusbarHeaders(endpoint, endpoint);
  const received = await headersOfBusbar(endpoint);
  const command = twin.of(crypto.randomUUID(), 'Bench.PlaceOrder', 'send', undefined);
  const cause = command as MessageProperties;
  const event = twin.of(crypto.randomUUID(), 'Bench.OrderPlaced', 'publish', cause);
  for (const [place, options] of [command, event].entries()) {
    const ofTwin = comparable(headersOf(options));
    const ofBusbar = comparable(received[place] ?? {});
    if (ofTwin === ofBusbar) continue;
    throw new Error(`Busbar's headers are ${ofBusbar}, but its twin sends ${ofTwin}.`);
  }
}

/** Of a command, and of the event that its handler publishes. */
async function headersOfBusbar(endpoint: string): Promise<readonly Headers[]> {
  const received: Headers[] = [];
  const all = Promise.withResolvers<void>();
  const bus = createEndpoint(endpoint, {
    transport: memoryTransport({ broker: new MemoryBroker() }),
    logger: silentLogger,
    handlers: [
      handler(PlaceOrder, async ({ id }, context) => {
        received.push({ ...context.headers });
        await context.publish(new OrderPlaced(order(id)));
      }),
      handler(OrderPlaced, async (_, context) => {
        received.push({ ...context.headers });
        all.resolve();
      }),
    ],
  });
  await bus.start();
  await bus.sendLocal(new PlaceOrder(order(1)));
  await all.promise;
  await bus.stop();
  return received;
}

/** The way back from properties to headers. */
function headersOf({
  messageId = '',
  correlationId = '',
  contentType = '',
  type = '',
  replyTo,
  headers,
}: Options.Publish): Headers {
  return {
    ...(headers as Headers),
    'busbar-message-id': messageId,
    'busbar-correlation-id': correlationId,
    'busbar-content-type': contentType,
    'busbar-enclosed-types': type,
    ...(replyTo !== undefined && { 'busbar-reply-to': replyTo }),
  };
}

function comparable(headers: Headers): string {
  return Object.keys(headers)
    .toSorted()
    .map((name) => {
      const value = headers[name] ?? '';
      return `${name}: ${own.includes(name.replace('busbar-', '')) ? value.length : value}`;
    })
    .join(', ');
}
