import type { BusbarError, Transport } from '@busbar/core';
import { fromUrl, transportApiVersion } from '@busbar/rabbitmq';
import { describe, expect, test } from 'vitest';

function refusal(url: string): BusbarError {
  try {
    fromUrl(url);
  } catch (error) {
    return error as BusbarError;
  }
  throw new Error('it was accepted');
}

const addressOf = (url: string): Transport['address'] => fromUrl(url).address;

describe('the URL of a RabbitMQ transport', () => {
  test('should be one that the core of this version takes', () => {
    expect(transportApiVersion).toBe(1);
  });

  test.each([
    ['amqp://localhost', 'amqp://localhost:5672'],
    ['amqp://', 'amqp://localhost:5672'],
    ['AMQP://Broker', 'amqp://Broker:5672'],
    ['amqps://broker', 'amqps://broker:5671'],
    ['amqp://broker/', 'amqp://broker:5672'],
    ['amqp://user:pa%2Fss@broker:1234/shop', 'amqp://broker:1234/shop'],
    ['amqp://broker/a%2Fb', 'amqp://broker:5672/a%2Fb'],
    ['amqp://[::1]:5673/shop', 'amqp://[::1]:5673/shop'],
    ['amqp://u:p@one,two:5673/shop', 'amqp://one:5672/shop,amqp://two:5673/shop'],
    ['amqp://broker/shop?queueType=classic', 'amqp://broker:5672/shop'],
  ])('should be read: %s', (url, address) => {
    expect(addressOf(url)).toBe(address);
  });

  test('should carry options', () => {
    const { capabilities } = fromUrl('amqp://localhost?maxBodyBytes=4096&consumerTimeoutMs=90000');
    expect(capabilities).toMatchObject({ maxBodyBytes: 4_096, deliveryDeadlineMs: 90_000 });
    expect(fromUrl('amqp://localhost?management=false').name).toBe('rabbitmq');
  });

  test.each([
    ['http://localhost', 'a URL does not begin with amqp:// or amqps://'],
    ['amqp://user:secret#1@broker', 'a URL has a "#"; write %23'],
    ['amqp://user:secret@1@broker', 'a URL has two "@"; write %40'],
    [
      'amqp://user:sec/ret@broker',
      'a URL has a part that cannot be read; write "/" in a password as %2F',
    ],
    ['amqp://user:secret%@broker', 'the password has a "%" that encodes nothing; write %25'],
    ['amqp://broker:99999', '"99999" is not a port'],
    ['amqp://bro ker', '"bro ker" is not a host with an optional port'],
    ['amqp://broker/shop%', 'the virtual host has a "%" that encodes nothing'],
  ])('should be refused without its secrets: %s', (url, why) => {
    const error = refusal(url);
    expect(error.code).toBe('INVALID_CONFIGURATION');
    expect(error.message).toContain(why);
    expect(error.help).toContain('amqp://user:password@host:5672/vhost');
    expect(JSON.stringify(error) + error.stack).not.toContain('secret');
  });

  test('should refuse parameters that are no options, or are there twice', () => {
    const unknown = refusal('amqp://localhost?heartbeat=5');
    expect(unknown.code).toBe('UNKNOWN_OPTION');
    expect(unknown.message).toContain('The RabbitMQ URL has the parameter "heartbeat".');
    expect(unknown.help).toContain('heartbeatSeconds');
    const twice = refusal('amqp://localhost?heartbeatSeconds=5&heartbeatSeconds=6');
    expect(twice.message).toContain('The RabbitMQ URL has the parameter "heartbeatSeconds" twice.');
  });

  test('should lead to one virtual host', async () => {
    const { rabbitMqTransport } = await import('@busbar/rabbitmq');
    expect(() => rabbitMqTransport({ url: ['amqp://one/a', 'amqp://two/b'] })).toThrow(
      'the URLs name the virtual hosts "a" and "b": they must lead to one',
    );
    expect(() => rabbitMqTransport({ url: [] })).toThrow('there is no URL');
  });
});
