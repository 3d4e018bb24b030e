import {
  type HandlerContainer,
  MemoryBroker,
  type Persistence,
  type Transport,
  createEndpoint,
  memoryPersistence,
  memoryTransport,
  plainContainer,
  silentLogger,
} from '@busbar/core';
import { describe, expect, test } from 'vitest';

describe('when a start hangs', () => {
  test.each(['transport', 'persistence', 'container'] as const)(
    'should stop by its deadline, and close what the %s lets it open later',
    async (what) => {
      const gate = Promise.withResolvers<void>();
      const transport = memoryTransport({ broker: new MemoryBroker() });
      let open = 0;
      const counted: Transport = {
        ...transport,
        async connect(host) {
          if (what === 'transport') await gate.promise;
          const connection = await transport.connect(host);
          open += 1;
          return Object.assign(Object.create(connection) as typeof connection, {
            async close() {
              open -= 1;
              await connection.close();
            },
          });
        },
      };
      const persistence: Persistence = memoryPersistence();
      const container: HandlerContainer = plainContainer();
      const endpoint = createEndpoint('sales', {
        transport: counted,
        logger: silentLogger,
        persistence: {
          name: persistence.name,
          capabilities: persistence.capabilities,
          async connect(host) {
            if (what === 'persistence') await gate.promise;
            return persistence.connect(host);
          },
        },
        container: {
          ...container,
          async verify() {
            if (what === 'container') await gate.promise;
          },
        },
      });
      const starting = endpoint.start();
      await endpoint.stop({ deadline: 20 });
      expect(endpoint.state).toBe('stopped');
      gate.resolve();
      await expect(starting).rejects.toMatchObject({ code: 'STOPPED' });
      expect(endpoint.state).toBe('stopped');
      expect(open).toBe(0);
    },
  );
});
