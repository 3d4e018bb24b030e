import {
  type Clock,
  type DeliveryAttempt,
  type FailureDecision,
  type Logger,
  type Receiver,
  type TransportConnection,
  type TransportOperation,
  headerNames,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { type SqsTransportOptions, sqsTransport } from '@busbar/sqs';

/** A connection for tests, with short waits, that is closed with all of its receivers. */
export interface OpenConnection extends AsyncDisposable {
  readonly connection: TransportConnection;
  readonly criticals: Error[];
}

export async function openConnection(
  options: SqsTransportOptions,
  host: { readonly clock?: Clock; readonly logger?: Logger } = {},
): Promise<OpenConnection> {
  const criticals: Error[] = [];
  const transport = sqsTransport({ visibilitySeconds: 2, pollSeconds: 1, ...options });
  const connection = await transport.connect({
    endpoint: 'test',
    instance: 'test',
    clock: host.clock ?? systemClock,
    logger: host.logger ?? silentLogger,
    onCritical: (error) => criticals.push(error),
  });
  return { connection, criticals, [Symbol.asyncDispose]: () => connection.close() };
}

/** A message to a queue. */
export function toQueue(
  queue: string,
  id: string,
  more: Partial<Omit<TransportOperation, 'destination' | 'message'>> & {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  } = {},
): TransportOperation {
  const { headers, body = Buffer.from('{}'), ...rest } = more;
  const key = rest.partitionKey;
  return {
    destination: { kind: 'queue', queue },
    message: {
      headers: {
        [headerNames.messageId]: id,
        ...(key !== undefined && { [headerNames.partitionKey]: key }),
        ...headers,
      },
      body,
    },
    ...rest,
  };
}

/** What was handled, and a promise of more. */
export class Handled {
  readonly attempts: DeliveryAttempt[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  get ids(): string[] {
    return this.attempts.map(({ headers }) => headers[headerNames.messageId] ?? '');
  }

  add(attempt: DeliveryAttempt): void {
    this.attempts.push(attempt);
    for (const { count, resolve } of this.#waiting) if (this.attempts.length >= count) resolve();
  }

  has(count: number): Promise<void> {
    if (this.attempts.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }
}

/** Starts a receiver of a queue. */
export async function receive(
  connection: TransportConnection,
  queue: string,
  handle: (attempt: DeliveryAttempt) => Promise<void> | void,
  options: {
    readonly concurrency?: number;
    readonly ordered?: boolean;
    readonly suspicionAfter?: number;
    readonly onError?: (error: Error, attempt: number) => FailureDecision;
  } = {},
): Promise<Receiver> {
  const receiver = connection.createReceiver({
    queue,
    concurrency: options.concurrency ?? 8,
    suspicionAfter: options.suspicionAfter ?? 50,
    ordered: options.ordered ?? false,
  });
  await receiver.start(
    async (attempt) => {
      await handle(attempt);
      return 'settle';
    },
    async ({ error, failures }) => options.onError?.(error, failures) ?? { action: 'release' },
  );
  return receiver;
}
