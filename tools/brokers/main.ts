/**
 * Finds a broker, or starts one that lives for as long as this process has an input:
 *
 *     node tools/brokers/main.ts rabbitmq
 *
 * prints its URL as the only line of standard output; what was tried is on standard error. For RabbitMQ: the one on this
 * machine's usual port, else a container, else a private process of the rabbitmq-server programs.
 */
import { inspectBroker } from '../../test/support/rabbitmq/inspect-broker.ts';
import { BrokerResolver } from '../../test/support/rabbitmq/resolve-broker.ts';

const usual = 'amqp://guest:guest@localhost:5672';

if (process.argv[2] !== 'rabbitmq') {
  console.error(`It is "${process.argv[2] ?? ''}" that is asked for; there is: rabbitmq.`);
  process.exit(2);
}

const ended = new Promise((resolve) => process.stdin.resume().once('end', resolve));
// Disposed by hand: Node 22 knows no `await using`.
const brokers = new BrokerResolver({ ...process.env, BUSBAR_TEST_AMQP_URL: undefined });
try {
  console.log(await findOrStart());
  await ended;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await brokers[Symbol.asyncDispose]();
}

async function findOrStart(): Promise<string> {
  try {
    const { version } = await inspectBroker(usual, undefined);
    console.error(`RabbitMQ ${version} is there, on port 5672.`);
    return usual;
  } catch {
    console.error('No RabbitMQ answers on port 5672; one is started.');
  }
  const { broker, refused } = await brokers.resolve();
  for (const reason of refused) console.error(`Not ${reason}`);
  console.error(`RabbitMQ ${broker.version} was started (${broker.kind}).`);
  return broker.url;
}
