import {
  Event,
  type Logger,
  type Transport,
  createEndpoint,
  handler,
  memoryTransport,
  silentLogger,
} from '@busbar/core';
import { describe, expect, test } from 'vitest';

class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

/** As RabbitMQ without its management interface. */
function mute(): Transport {
  const memory = memoryTransport();
  return {
    ...memory,
    connect: async (host) => {
      const connection = await memory.connect(host);
      connection.subscriptions.list = () => Promise.resolve(undefined);
      return connection;
    },
  };
}

describe('when a transport cannot tell what a queue is subscribed to', () => {
  const lines: string[] = [];
  const note: Logger['info'] = (_fields, text) => void lines.push(text);
  const logger: Logger = { ...silentLogger, info: note, warn: note };
  const endpoint = createEndpoint('shipping', {
    transport: mute(),
    handlers: [handler(OrderPlaced, () => {})],
    logger,
    provision: false,
  });

  test('should say that nothing was pruned, and that nothing missing would be noticed', async () => {
    expect(await endpoint.provision({ prune: true })).toMatchObject({
      staleSubscriptions: [],
      pruned: false,
    });
    expect(lines).toContain(
      'The transport cannot tell what "shipping" is subscribed to, so nothing was pruned',
    );
    await endpoint.start();
    expect(lines).toContain(
      'The transport cannot tell what "shipping" is subscribed to, so a missing subscription would not be noticed',
    );
    await endpoint.stop();
  });
});
