import {
  Command,
  type EndpointOptions,
  type ErrorCode,
  Event,
  MemoryBroker,
  createEndpoint,
  defineRoutes,
  exponential,
  fixed,
  handler,
  linear,
  memoryCapabilities,
  memoryPersistence,
  memoryTransport,
} from '@busbar/core';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OtherPlaceOrder extends Command('Sales.PlaceOrder')<{ id: number }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const transport = memoryTransport({ broker: new MemoryBroker() });
const onOrder = handler(PlaceOrder, () => {});

/** What the compiler refuses, from configurations that it did not check. */
function unchecked(options: object): EndpointOptions {
  return { transport, ...options };
}

const wrongOptions: readonly [ErrorCode, string, string, object][] = [
  [
    'UNKNOWN_OPTION',
    'There is no option "concurency".',
    'The options are: transport, handlers,',
    { concurency: 4 },
  ],
  [
    'UNKNOWN_OPTION',
    'There is no option "recoverability.retries".',
    'recoverability.immediate',
    { recoverability: { retries: 3 } },
  ],
  [
    'UNKNOWN_OPTION',
    'There is no option "recoverability.rateLimit.after".',
    'recoverability.rateLimit.afterFailures',
    { recoverability: { rateLimit: { after: 3 } } },
  ],
  [
    'INVALID_CONFIGURATION',
    'transport is undefined.',
    'Give it a transport, such as memoryTransport()',
    { transport: undefined },
  ],
  [
    'INVALID_CONFIGURATION',
    'transport is "amqp://x".',
    "transportFrom('sqlite:.busbar/dev.db')",
    { transport: 'amqp://x' },
  ],
  [
    'INVALID_CONFIGURATION',
    'concurrency is 0.',
    'Give it a whole number from 1.',
    { concurrency: 0 },
  ],
  [
    'INVALID_CONFIGURATION',
    'concurrency is 1.5.',
    'Give it a whole number from 1.',
    { concurrency: 1.5 },
  ],
  [
    'INVALID_CONFIGURATION',
    'instance is "pod 1".',
    'without spaces, commas or semicolons',
    { instance: 'pod 1' },
  ],
  [
    'INVALID_CONFIGURATION',
    'errorQueue is "a;b".',
    'Give it a name of 1 to 200 characters',
    { errorQueue: 'a;b' },
  ],
  [
    'INVALID_CONFIGURATION',
    'auditQueue is "".',
    'Give it a name of 1 to 200 characters',
    { auditQueue: '' },
  ],
  [
    'INVALID_CONFIGURATION',
    'errorQueue is "sales", the input queue of endpoint "sales" itself.',
    'Name another queue: a copy would be handled as a new message, for ever.',
    { errorQueue: 'sales' },
  ],
  [
    'INVALID_CONFIGURATION',
    'auditQueue is "sales", the input queue of endpoint "sales" itself.',
    'Name another queue',
    { auditQueue: 'sales' },
  ],
  [
    'INVALID_DURATION',
    'stopDeadline is "soon", which is no duration.',
    "'5s'",
    { stopDeadline: 'soon' },
  ],
  [
    'INVALID_DURATION',
    'requestTimeout is -1, which is no duration.',
    "'5s'",
    { requestTimeout: -1 },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.immediate is -1.',
    'Give it a whole number from 0.',
    { recoverability: { immediate: -1 } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.crashGuard is 0.',
    'Give it a whole number from 1.',
    { recoverability: { crashGuard: 0 } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.delayed is 3.',
    'Give it the result of fixed(…), linear(…) or exponential(…).',
    { recoverability: { delayed: 3 } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.unrecoverable[1] is undefined.',
    'Give it a class of errors.',
    { recoverability: { unrecoverable: [TypeError, undefined] } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.policy is retry.',
    'Give it a function of a failure.',
    { recoverability: { policy: 'retry' } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.onLaneFailure is stop.',
    "Give it 'continue' or 'block'.",
    { recoverability: { onLaneFailure: 'stop' } },
  ],
  [
    'INVALID_CONFIGURATION',
    'recoverability.rateLimit.afterFailures is undefined.',
    'Give it a whole number from 1.',
    { recoverability: { rateLimit: {} } },
  ],
  [
    'INVALID_DURATION',
    'recoverability.rateLimit.pause is "x"',
    "'5s'",
    { recoverability: { rateLimit: { afterFailures: 3, pause: 'x' } } },
  ],
  [
    'INVALID_CONFIGURATION',
    'The stage of the behaviour "mine" is "nowhere".',
    'Give it one of transport-receive, unwrap,',
    { behaviors: [{ stage: 'nowhere', name: 'mine', invoke: () => {} }] },
  ],
  [
    'INVALID_HEADER',
    'The header "busbar-copy" belongs to the framework.',
    'Use the option for it',
    { headers: { 'busbar-copy': '1' } },
  ],
  [
    'INVALID_HANDLER',
    'The handler handler of Sales.PlaceOrder is registered twice.',
    'leave one of the two out',
    { handlers: [onOrder, onOrder] },
  ],
  [
    'INVALID_HANDLER',
    'handlers[1] is undefined.',
    'Most often a circular import',
    { handlers: [onOrder, undefined] },
  ],
  [
    'DUPLICATE_MESSAGE_NAME',
    'Two classes have the message name Sales.PlaceOrder: OtherPlaceOrder and PlaceOrder.',
    'Give one of the two classes another name',
    { handlers: [onOrder], messages: [OtherPlaceOrder] },
  ],
  [
    'NOT_A_MESSAGE',
    'A message class was expected, but it is undefined.',
    'Most often a circular import',
    { messages: [undefined] },
  ],
  [
    'SEND_ONLY',
    'Endpoint "sales" is send-only but has handlers.',
    'or the handlers',
    { sendOnly: true, handlers: [onOrder] },
  ],
  [
    'MISSING_PERSISTENCE',
    'Endpoint "sales" has `outbox: true` but no persistence.',
    'persistence: memoryPersistence()',
    { outbox: true },
  ],
];

describe('when the configuration is wrong', () => {
  test.each(wrongOptions)('should throw %s: %s', (code, message, help, options) => {
    expect(() => createEndpoint('sales', unchecked(options))).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(message) as string,
        help: expect.stringContaining(help) as string,
      }),
    );
  });

  test.each(['', 'two words', 'a,b', 'x'.repeat(201), 'tab\t', 7 as unknown as string])(
    'should refuse the name %j',
    (name) => {
      expect(() => createEndpoint(name, { transport })).toThrow(
        expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
      );
    },
  );

  test('should take everything that is right', () => {
    const sales = createEndpoint('sales', {
      transport,
      handlers: [onOrder, handler(OrderPlaced, () => {})],
      persistence: memoryPersistence(),
      outbox: true,
      errorQueue: 'sales-error',
      auditQueue: 'sales-audit',
      instance: 'pod-1',
      stopDeadline: 0,
      recoverability: { immediate: 0, rateLimit: { afterFailures: 1 }, unrecoverable: [TypeError] },
    });
    expect(sales.diagnostics().errorQueue).toBe('sales-error');
  });
});

describe('when the delayed retries are wrong', () => {
  test.each([
    ['attempts is -1.', () => fixed({ attempts: -1, delay: 1 })],
    ['attempts is 1.5.', () => linear({ attempts: 1.5, step: 1 })],
    ['jitter is 2.', () => exponential({ attempts: 1, from: 1, to: 2, jitter: 2 })],
    ['factor is 0.', () => exponential({ attempts: 1, from: 1, to: 2, factor: 0 })],
    ['to is 1s.', () => exponential({ attempts: 1, from: '2s', to: '1s' })],
    ['delay is "x"', () => fixed({ attempts: 1, delay: 'x' as '1s' })],
  ])('should name recoverability.delayed.%s', (text, make) => {
    expect(make).toThrow(`recoverability.delayed.${text}`);
  });
});

describe('when the routes are wrong', () => {
  test('should name a command with two owners', () => {
    const twice = { sales: [PlaceOrder], billing: [PlaceOrder] } as object;
    expect(() => defineRoutes(twice as never)).toThrow(
      expect.objectContaining({
        code: 'DUPLICATE_ROUTE',
        message: expect.stringContaining(
          'Sales.PlaceOrder is routed to sales and to billing.',
        ) as string,
      }),
    );
  });

  test('should name what is no command, and an owner that is no name', () => {
    const event = { sales: [OrderPlaced] } as object;
    expect(() => defineRoutes(event as never)).toThrow(
      expect.objectContaining({ code: 'NOT_A_COMMAND' }),
    );
    expect(() => defineRoutes({ 'two words': [PlaceOrder] })).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    );
  });
});

describe('when the transport cannot do what the configuration asks for', () => {
  test.each([
    [
      'UNSUPPORTED_BY_TRANSPORT',
      'Endpoint "sales" asks for `ordered: true`, which the transport small does not have.',
      'Remove it: messages of one partitionKey keep their order inside one process all the same.',
      { ordered: true },
    ],
    [
      'DELAY_TOO_LONG',
      'The delayed retry 2 of endpoint "sales" waits 20000 ms; the transport small holds messages for at most 15000 ms.',
      'Choose a shorter delay, or a transport that holds messages longer.',
      { recoverability: { delayed: linear({ attempts: 3, step: '10s' }) } },
    ],
    [
      'DELAY_TOO_LONG',
      'The delayed retry 1 of endpoint "sales" waits 16000 ms',
      'Choose a shorter delay',
      { recoverability: { delayed: exponential({ attempts: 1, from: '15s', to: '16s' }) } },
    ],
  ] as const)(
    'should refuse to start with %s, unconnected',
    async (code, message, help, options) => {
      const sales = createEndpoint('sales', {
        transport: {
          name: 'small',
          address: 'small:',
          capabilities: { ...memoryCapabilities, ordering: 'none', maxDelayMs: 15_000 },
          connect: () => Promise.reject(new Error('was connected')),
        },
        ...options,
      });
      await expect(sales.start()).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message) as string,
        help: expect.stringContaining(help) as string,
      });
      expect(sales.state).toBe('new');
    },
  );

  test('should refuse a claim check without a store', async () => {
    const sales = createEndpoint('sales', unchecked({ claimCheck: { store: 'claims' } }));
    await expect(sales.start()).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      help: expect.stringContaining("claimCheck: { store: directoryStore('…') }") as string,
    });
  });
});
