import type { SqsTransportOptions } from '@busbar/sqs';
import { localIdentity } from './local-aws.ts';

const startLimitMs = 180_000;

/** Another emulator, in a container. */
export interface LocalStack {
  readonly options: SqsTransportOptions;
  stop(): Promise<void>;
}

/**
 * Starts LocalStack through Testcontainers; `TEST_LOCALSTACK_IMAGE` names another image. Rejects where no engine answers or
 * the image cannot be had.
 */
export async function startLocalStack(): Promise<LocalStack> {
  // Slow to load, and needed by nobody else.
  const { LocalstackContainer } = await import('@testcontainers/localstack');
  const image = process.env['TEST_LOCALSTACK_IMAGE'] ?? 'localstack/localstack:4';
  const container = await new LocalstackContainer(image)
    .withEnvironment({ SERVICES: 'sqs,sns,s3' })
    .withStartupTimeout(startLimitMs)
    .start();
  return {
    options: { ...localIdentity, endpoint: container.getConnectionUri() },
    stop: async () => {
      await container.stop();
    },
  };
}
