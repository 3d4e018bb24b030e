import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Broker } from '../../support/rabbitmq/broker.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { BrokerResolver } from '../../support/rabbitmq/resolve-broker.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';

const shared = await brokerForTests();
const rabbit = await programsForTests();

test('should be the same one for every request of a run', async (context) => {
  const broker = shared.orSkip(context);
  const [major] = broker.version.split('.');
  expect((await brokerForTests()).orSkip(context)).toEqual(broker);
  const exact = (await brokerForTests(major === '3' ? '3' : '4')).orSkip(context);
  expect(exact.version.startsWith(`${major}.`)).toBe(true);
});

test('should keep tests apart by virtual hosts', async (context) => {
  const broker = shared.orSkip(context);
  await using one = await createVirtualHost(broker);
  await using other = await createVirtualHost(broker);
  const names = await Promise.all(
    [one, other].map(({ url, prefix }) => declare(url, `${prefix}orders`)),
  );
  expect(new Set(names).size).toBe(one.prefix === '' ? 1 : 2);
  if (one.management === undefined) return;
  await one.close();
  expect(await one.management.get('/vhosts')).not.toContainEqual(
    expect.objectContaining({ name: one.name }),
  );
});

rabbit.register('a private broker', ({ version }) => {
  const brokers = new BrokerResolver({ TEST_BROKER: 'private' });
  let broker: Broker;
  beforeAll(async () => void ({ broker } = await brokers.resolve()), 90_000);
  afterAll(() => brokers[Symbol.asyncDispose]());

  test('should be a process of our own when that is asked for', async () => {
    expect(broker).toMatchObject({ kind: 'private', version });
    expect(await brokers.resolve()).toEqual({ broker, refused: [] });
  });

  test('should be the one that the environment names', async () => {
    const environment = {
      BUSBAR_TEST_AMQP_URL: broker.url,
      BUSBAR_TEST_MANAGEMENT_URL: broker.managementUrl,
    };
    await using named = new BrokerResolver(environment);
    expect(await named.resolve()).toEqual({
      broker: { ...broker, kind: 'environment' },
      refused: [],
    });
  });

  test('should not be the one of the environment if that has another version', async () => {
    await using named = new BrokerResolver({
      BUSBAR_TEST_AMQP_URL: broker.url,
      TEST_BROKER: 'env',
    });
    const other = broker.version.startsWith('3.') ? '4' : '3';
    await expect(named.resolve(other)).rejects.toThrow(`env: it is RabbitMQ ${broker.version}`);
  });

  test('should tell tests apart by a prefix where nobody can make virtual hosts', async () => {
    await using host = await createVirtualHost({ url: broker.url });
    expect(host).toMatchObject({ url: broker.url, management: undefined, name: '/' });
    expect(host.prefix).toMatch(/^busbar-test-.+-$/);
  });
});

async function declare(url: string, name: string): Promise<string> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const { queue, messageCount } = await channel.assertQueue(name, { exclusive: true });
  expect(messageCount).toBe(0);
  await connection.close();
  return queue;
}
