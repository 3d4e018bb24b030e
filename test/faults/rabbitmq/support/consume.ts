import { type ConsumeMessage, connect } from 'amqplib';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';

/** What looks at a queue without the framework. */
export interface Consumed extends AsyncDisposable {
  /** Looks after each message whether it holds. */
  until(limitMs: number, what: string, holds: () => boolean): Promise<void>;
}

/** Takes all messages out of a queue. */
export async function consume(
  url: string,
  queue: string,
  onMessage: (message: ConsumeMessage) => void,
): Promise<Consumed> {
  const connection = await connect(url);
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  let look = (): void => {};
  await channel.consume(queue, (message) => {
    if (message === null) return;
    onMessage(message);
    channel.ack(message);
    look();
  });
  return {
    until: async (limitMs, what, holds) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      look = () => void (holds() && resolve());
      look();
      await within(limitMs, what, promise);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
