import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { RunningBroker } from './broker.ts';
import { inspectBroker } from './inspect-broker.ts';
import { within } from './bounded-wait.ts';

const label = 'busbar-test-run';
const engineLimitMs = 20_000;
const pullLimitMs = 100_000;
const startLimitMs = 120_000;

/** Starts one through Testcontainers; rejects where no engine answers or the image cannot be had. */
export async function containerBroker(image: string): Promise<RunningBroker> {
  // Not needed, and slow to load, where there is an address in the environment.
  const { ImageName, getContainerRuntimeClient, getReaper } = await import('testcontainers');
  const { RabbitMQContainer } = await import('@testcontainers/rabbitmq');
  const client = await within(engineLimitMs, 'a container engine', getContainerRuntimeClient());
  // Before anything is started for it.
  const pull = client.image.pull(ImageName.fromString(image), {
    force: false,
    platform: undefined,
  });
  await within(pullLimitMs, `the image ${image}; \`docker pull\` it first`, pull);
  const reaped = await getReaper(client).then(
    () => process.env['TESTCONTAINERS_RYUK_DISABLED'] !== 'true',
    () => false,
  );
  // Its image cannot be had everywhere. What it does for us, a guard does as well.
  if (!reaped) process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

  const run = randomUUID();
  const release = reaped ? (): void => {} : guard(run);
  try {
    const container = await new RabbitMQContainer(image)
      .withStartupTimeout(startLimitMs)
      .withLabels({ [label]: run })
      .start();
    const at = (port: number): string =>
      `guest:guest@${container.getHost()}:${container.getMappedPort(port)}`;
    const url = `amqp://${at(5672)}`;
    const seen = await inspectBroker(url, `http://${at(15672)}`);
    const stop = async (): Promise<void> => {
      await container.stop();
      release();
    };
    return { broker: { kind: 'container', url, ...seen }, stop };
  } catch (error) {
    release();
    throw error;
  }
}

/** Removes the container when it is released, or when this process dies in whatever way. */
function guard(run: string): () => void {
  const script = `cat >/dev/null
    docker ps --all --quiet --filter "label=$0" | xargs -r docker rm --force --volumes`;
  const process = spawn('sh', ['-c', script, `${label}=${run}`], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  process.on('error', () => {}).unref();
  process.stdin.on('error', () => {});
  return () => void process.stdin.end();
}
