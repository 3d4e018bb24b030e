import type { BusbarError } from '@busbar/core';
import { type RabbitMqTransportOptions, rabbitMqTransport } from '@busbar/rabbitmq';
import { describe, expect, test } from 'vitest';

function refusal(options: RabbitMqTransportOptions): BusbarError {
  try {
    rabbitMqTransport(options);
  } catch (error) {
    return error as BusbarError;
  }
  throw new Error('it was accepted');
}

describe('the options of the RabbitMQ transport', () => {
  test('should need none', () => {
    const transport = rabbitMqTransport();
    expect(transport.name).toBe('rabbitmq');
    expect(transport.address).toBe('amqp://localhost:5672');
  });

  test('should name an unknown one and those that there are', () => {
    const error = refusal({ prefetch: 5 } as RabbitMqTransportOptions);
    expect(error.code).toBe('UNKNOWN_OPTION');
    expect(error.message).toContain('The RabbitMQ transport has no option "prefetch".');
    expect(error.help).toContain('prefetchFactor');
  });

  test('should name an unknown one inside of "tls", too', () => {
    const options = { url: 'amqps://localhost', tls: { rejectUnauthorised: false } };
    const error = refusal(options as RabbitMqTransportOptions);
    expect(error.code).toBe('UNKNOWN_OPTION');
    expect(error.message).toContain('has no option "rejectUnauthorised"');
    expect(error.help).toContain('rejectUnauthorized');
  });

  test.each([
    [
      { queueType: 'stream' },
      `"queueType" of the RabbitMQ transport is "stream", but must be 'quorum' or 'classic'.`,
    ],
    [
      { prefetchFactor: 0 },
      '"prefetchFactor" of the RabbitMQ transport is 0, but must be a whole number from 1 to 100.',
    ],
    [
      { heartbeatSeconds: 0.5 },
      '"heartbeatSeconds" of the RabbitMQ transport is 0.5, but must be a whole number from 1 to 3600.',
    ],
    [
      { delayPrefix: '' },
      '"delayPrefix" of the RabbitMQ transport is "", but must be 1 to 200 letters',
    ],
    [
      { delayPrefix: 'amq.delay' },
      `but must be a name that does not begin with "amq.", which is the broker's own.`,
    ],
    [
      { management: 'localhost:15672' },
      '"management" of the RabbitMQ transport must be an http: or https: URL, or false.',
    ],
    [
      { credentials: { username: 'a', password: 'secret' } },
      `"credentials" of the RabbitMQ transport must be a function that returns a user, or 'external'.`,
    ],
    [{ tls: null }, '"tls" of the RabbitMQ transport must be an object.'],
    [{ url: null }, 'a URL is not a string'],
    [
      { url: ['amqps://one', 'amqp://two'], tls: { ca: 'PEM' } },
      'The option "tls" of the RabbitMQ transport needs TLS, but amqp://two:5672 is without.',
    ],
    [
      { url: 'amqp://one', credentials: 'external' },
      `The option "credentials" ('external') of the RabbitMQ transport needs TLS, but amqp://one:5672 is without.`,
    ],
    [{ maxBodyBytes: 2 ** 40 }, 'but must be a whole number from 1024 to 536870912.'],
  ])('should refuse %j', (options, text) => {
    const error = refusal(options as RabbitMqTransportOptions);
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.message).toContain(text);
    expect(error.message).not.toContain('secret');
  });

  test('should be stated as capabilities', () => {
    const { capabilities } = rabbitMqTransport({ maxBodyBytes: 2_048, consumerTimeoutMs: 60_000 });
    expect(capabilities).toMatchObject({
      maxBodyBytes: 2_048,
      deliveryDeadlineMs: 60_000,
      renewal: false,
      ordering: 'queue',
      transactionModes: ['receive-only'],
      maxDelayMs: (2 ** 28 - 1) * 1_000,
    });
  });
});
