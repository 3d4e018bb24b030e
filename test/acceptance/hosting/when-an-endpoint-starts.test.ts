import {
  Command,
  type Persistence,
  type Transport,
  createEndpoint,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { type Harness, createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { wrappedPersistence } from '../../support/wrapped-persistence.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });

/** Counts what is open, and fails at one step as long as it is told to. */
function watched(harness: Harness): {
  open: string[];
  failAt: string | undefined;
  transport: Transport;
  persistence: Persistence;
} {
  const check = (step: string): void => {
    if (state.failAt === step) throw new Error(`${step} failed`);
  };
  const opened = (what: string): (() => void) => {
    state.open.push(what);
    return () => void state.open.splice(state.open.indexOf(what), 1);
  };
  const changed = wrappedPersistence(memoryPersistence(), (connection) => {
    const closed = opened('persistence');
    return {
      close: async () => {
        closed();
        await connection.close();
      },
    };
  });
  const state = {
    open: [] as string[],
    failAt: undefined as string | undefined,
    transport: {
      ...harness.transport,
      connect: async (host) => {
        check('connecting');
        const connection = await harness.transport.connect(host);
        const closed = opened('transport');
        return {
          dispatch: (operations) => connection.dispatch(operations),
          subscriptions: connection.subscriptions,
          health: () => connection.health(),
          queues: {
            ...connection.queues,
            missing: (names) => connection.queues.missing(names),
            list: () => connection.queues.list(),
            peek: (queue, limit) => connection.queues.peek(queue, limit),
            move: (request) => connection.queues.move(request),
            provision: async (queues) => {
              check('provisioning');
              await connection.queues.provision(queues);
            },
          },
          createReceiver: (settings) => {
            const receiver = connection.createReceiver(settings);
            return {
              queue: receiver.queue,
              changeConcurrency: (limit) => receiver.changeConcurrency(limit),
              health: () => receiver.health(),
              stop: (signal) => receiver.stop(signal),
              start: async (onMessage, onError) => {
                check('receiving');
                await receiver.start(onMessage, onError);
              },
            };
          },
          close: async () => {
            closed();
            await connection.close();
          },
        };
      },
    } satisfies Transport as Transport,
    persistence: {
      ...changed,
      connect: async (host) => {
        check('opening the persistence');
        return changed.connect(host);
      },
    } satisfies Persistence as Persistence,
  };
  return state;
}

describe('when an endpoint starts', () => {
  test.each(['connecting', 'opening the persistence', 'provisioning', 'receiving'])(
    'should close what it opened when %s fails, and start at the next try',
    async (step) => {
      await using harness = createHarness();
      const state = watched(harness);
      const sales = harness.endpoint('sales', {
        transport: state.transport,
        persistence: state.persistence,
        routes,
        handlers: [handler(PlaceOrder, () => {})],
      });
      state.failAt = step;
      await expect(sales.start()).rejects.toThrow(`${step} failed`);
      expect(state.open).toEqual([]);
      expect(sales.state).toBe('new');
      expect(sales.health().status).toBe('unhealthy');

      state.failAt = undefined;
      await sales.start();
      expect(sales.state).toBe('running');
      expect(state.open.toSorted()).toEqual(['persistence', 'transport']);
      await sales.send(placeOrder);
      await harness.settled();
      expect(harness.handled(PlaceOrder)).toHaveLength(1);

      await sales.stop();
      expect(state.open).toEqual([]);
    },
  );

  test('should refuse to start twice, at the same time or later', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    const starting = sales.start();
    await expect(sales.start()).rejects.toMatchObject({ code: 'ALREADY_STARTED' });
    await starting;
    await expect(sales.start()).rejects.toMatchObject({ code: 'ALREADY_STARTED' });
    expect(sales.state).toBe('running');
  });

  test('should refuse to start after a stop', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    await sales.stop();
    expect(sales.state).toBe('stopped');
    await expect(sales.start()).rejects.toMatchObject({
      code: 'STOPPED',
      help: 'The endpoint was stopped; make a new one.',
    });
  });

  test('should refuse to send before it is running', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await expect(sales.send(placeOrder)).rejects.toMatchObject({
      code: 'NOT_STARTED',
      message: expect.stringContaining('Endpoint "sales" is new.') as string,
    });
    const starting = sales.start();
    await expect(sales.send(placeOrder)).rejects.toMatchObject({
      code: 'NOT_STARTED',
      message: expect.stringContaining('Endpoint "sales" is starting.') as string,
    });
    await starting;
    await sales.send(placeOrder);
  });

  test('should do nothing before it is started', () => {
    const transport: Transport = {
      name: 'untouched',
      address: 'untouched:',
      get capabilities(): never {
        throw new Error('was asked');
      },
      connect: () => Promise.reject(new Error('was connected')),
    };
    const sales = createEndpoint('sales', { transport, routes });
    expect(sales.state).toBe('new');
    expect(sales.health()).toMatchObject({
      status: 'unhealthy',
      problems: ['the endpoint is new', 'the transport is not connected: unknown reason'],
    });
  });

  test('should say so in the log', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    await sales.start();
    await sales.stop();
    const lines = harness.logger.entries.filter(({ level }) => level === 'info');
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'Endpoint started',
        fields: { endpoint: 'sales', transport: 'memory:', queue: 'sales' },
      },
      { level: 'info', message: 'Endpoint stopped', fields: { endpoint: 'sales' } },
    ]);
  });
});
