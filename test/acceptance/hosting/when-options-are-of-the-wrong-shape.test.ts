import {
  Command,
  type EndpointOptions,
  MemoryBroker,
  createEndpoint,
  defineRoutes,
  handler,
  memoryTransport,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OtherPlaceOrder extends Command('Sales.PlaceOrder')<{ id: number }> {}

const transport = memoryTransport({ broker: new MemoryBroker() });
const create = (options: object | undefined): unknown =>
  createEndpoint('sales', options as EndpointOptions);

describe('when options, unchecked by the compiler, are of the wrong shape', () => {
  test.each([
    [
      { container: { get() {} } },
      'The option `container` has no resolve(), no within(). An inversify container is passed as `container: inversify(container)`.',
    ],
    [
      { routes: { sales: [PlaceOrder] } },
      'The option `routes` has no destinationOf(), no destinations(), no commands(). Write defineRoutes({ owner: [Command] }).',
    ],
    [{ persistence: {} }, 'The option `persistence` has no connect().'],
    [{ logger: { info() {} } }, 'The option `logger` has no debug(), no warn(), no error().'],
    [{ clock: null }, 'The option `clock` has no now(), no monotonic(), no setTimer().'],
    [{ serializer: 'json' }, 'The option `serializer` has no serialize(), no deserialize().'],
    [
      { handlers: handler(PlaceOrder, () => {}) },
      'The option `handlers` is no list. Write handlers: [ … ].',
    ],
    [{ onCriticalError: 'log' }, 'The option `onCriticalError` is no function.'],
  ])('should say so before anything is connected', (options, text) => {
    expect(() => create({ transport, ...options })).toThrow(text);
  });

  test('should say what an endpoint needs where there are no options at all', () => {
    expect(() => create(undefined)).toThrow(
      'Endpoint "sales" has no options. Write createEndpoint(\'sales\', { transport: memoryTransport() }).',
    );
  });

  test('should tell a function that names no message from a class', () => {
    expect(() => create({ transport, handlers: [() => {}] })).toThrow(
      'handlers[0] is a function that names no message. Wrap it: handler(Message, (message, context) => { … }).',
    );
  });

  test('should refuse two classes of one name, also when both have handlers', () => {
    const handlers = [handler(PlaceOrder, () => {}), handler(OtherPlaceOrder, () => {})];
    expect(() => create({ transport, handlers })).toThrow('[DUPLICATE_MESSAGE_NAME]');
  });

  test('should tell a class from a message of it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes: defineRoutes({ sales: [PlaceOrder] }) });
    await harness.start();
    await expect(sales.send(PlaceOrder as unknown as PlaceOrder)).rejects.toThrow(
      'The class of Sales.PlaceOrder was given, not a message of it. Pass an instance: new PlaceOrder({ … }).',
    );
  });
});
