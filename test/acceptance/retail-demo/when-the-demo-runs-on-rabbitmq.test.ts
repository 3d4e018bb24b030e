import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import { silentLogger, systemClock } from '@busbar/core';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { Demo, example, tableIn } from './demo.ts';

const rabbit = await brokerForTests();
const expected = readFileSync(path.join(example, 'expected-output.txt'), 'utf8');

beforeAll(buildExamples, 120_000);

test('the demo should print the same table on RabbitMQ, and leave no queue behind but those of the transport', async (context) => {
  const broker = rabbit.orSkip(context);
  await using vhost = await createVirtualHost(broker);
  await using demo = new Demo([], { BUSBAR_TRANSPORT: vhost.url });
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe('');
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
  expect(await queuesOf(vhost.url, broker.managementUrl)).toEqual(['busbar.undeliverable']);
}, 90_000);

test('the demo should find or start a broker by itself', async (context) => {
  rabbit.orSkip(context);
  await using demo = new Demo(['--broker', 'rabbitmq']);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toMatch(/RabbitMQ \S+ (is there, on port 5672|was started \(\w+\))\./);
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
}, 120_000);

/** Without the queues that hold delays (reminders that no order needed any more), and reply queues, which expire. */
async function queuesOf(url: string, management: string | undefined): Promise<string[]> {
  const transport = rabbitMqTransport({ url, ...(management !== undefined && { management }) });
  const connection = await transport.connect({
    endpoint: 'test',
    instance: 'test',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  const names = (await connection.queues.list()).map(({ name }) => name);
  await connection.close();
  return names.filter((name) => !name.includes('.replies') && !name.startsWith('busbar.delay.'));
}
