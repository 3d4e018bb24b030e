import {
  type DeliveryAttempt,
  type Headers,
  type Logger,
  headerNames,
  systemClock,
} from '@busbar/core';
import { namesOf } from '../retail-options.ts';
import type { DemoRun } from './demo-run.ts';
import type { FailedMessage } from './order-book.ts';

/**
 * Receives from the error queue, as a tool for operations does. It is no endpoint, because it handles no message: it
 * reads the failure headers of any, whatever its type. Not every broker can show a queue without taking from it, so
 * this takes, and puts what was read into a queue beside it: only a person throws a failed message away.
 */
export async function openErrorDesk(
  { transport, name }: DemoRun,
  logger: Logger,
  onFailedMessage: (failed: FailedMessage) => Promise<void>,
): Promise<AsyncDisposable> {
  const { errorQueue, readErrorsQueue } = namesOf(name);
  const connection = await transport.connect({
    endpoint: 'error-desk',
    instance: `error-desk-${process.pid}`,
    clock: systemClock,
    logger,
    onCritical: (error) => logger.error({ err: error }, 'The error queue cannot be read'),
  });
  const read = async ({ delivery, headers }: DeliveryAttempt): Promise<'settle'> => {
    const [copy] = await connection.dispatch([
      {
        message: { headers, body: delivery.body },
        destination: { kind: 'queue', queue: readErrorsQueue },
      },
    ]);
    if (copy?.outcome !== 'confirmed') throw new Error(`${readErrorsQueue}: ${copy?.reason}`);
    await onFailedMessage(describe(headers, delivery.body));
    return 'settle';
  };
  try {
    await connection.queues.provision([{ name: errorQueue }, { name: readErrorsQueue }]);
    const receiver = connection.createReceiver({
      queue: errorQueue,
      concurrency: 8,
      suspicionAfter: 5,
      ordered: false,
    });
    await receiver.start(read, async () => ({ action: 'retry', afterMs: 500 }));
    return {
      async [Symbol.asyncDispose]() {
        await receiver.stop(AbortSignal.timeout(2_000));
        await connection.close();
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function describe(headers: Headers, body: Uint8Array): FailedMessage {
  return {
    orderId: orderIdIn(body),
    service: headers[headerNames.processingEndpoint] ?? 'unknown',
    errorType: headers[headerNames.failureType] ?? 'unknown',
    reason: headers[headerNames.failureMessage] ?? 'unknown',
  };
}

function orderIdIn(body: Uint8Array): string | undefined {
  try {
    const { orderId } = JSON.parse(Buffer.from(body).toString()) as { readonly orderId?: unknown };
    return typeof orderId === 'string' ? orderId : undefined;
  } catch {
    return undefined;
  }
}
