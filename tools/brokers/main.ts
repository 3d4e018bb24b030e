/**
 * Finds a broker, or starts one that lives for as long as this process has an input:
 *
 *     node tools/brokers/main.ts rabbitmq
 *     node tools/brokers/main.ts sqs
 *     node tools/brokers/main.ts servicebus
 *
 * prints its URL as the only line of standard output; what was tried is on standard error. For RabbitMQ: the one on this
 * machine's usual port, else a container, else a private process of the rabbitmq-server programs. For SQS and for Azure
 * Service Bus: an emulator, in this process.
 */
import { inspectBroker } from '../../test/support/rabbitmq/inspect-broker.ts';
import { BrokerResolver } from '../../test/support/rabbitmq/resolve-broker.ts';

const usual = 'amqp://guest:guest@localhost:5672';

const starts: Readonly<Record<string, () => Promise<AsyncDisposable & { readonly url: string }>>> =
  {
    rabbitmq: startRabbitMq,
    // Emulators are loaded only when they are asked for: that of Service Bus needs the build.
    sqs: async () => (await import('./sqs.ts')).startSqs(),
    servicebus: async () => (await import('./service-bus.ts')).startServiceBus(),
  };

const start = starts[process.argv[2] ?? ''];
if (start === undefined) {
  const names = Object.keys(starts).join(', ');
  console.error(`It is "${process.argv[2] ?? ''}" that is asked for; there are: ${names}.`);
  process.exit(2);
}

const ended = new Promise((resolve) => process.stdin.resume().once('end', resolve));
let found: Awaited<ReturnType<typeof start>> | undefined;
try {
  found = await start();
  console.log(found.url);
  await ended;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  // Where none could be started whoever asks still holds the other end open.
  process.stdin.destroy();
  // Disposed by hand: Node 22 knows no `await using`.
  await found?.[Symbol.asyncDispose]();
}

async function startRabbitMq(): Promise<AsyncDisposable & { readonly url: string }> {
  const brokers = new BrokerResolver({ ...process.env, BUSBAR_TEST_AMQP_URL: undefined });
  const end = (): Promise<void> => brokers[Symbol.asyncDispose]();
  try {
    return { url: await findOrStart(brokers), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function findOrStart(brokers: BrokerResolver): Promise<string> {
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
