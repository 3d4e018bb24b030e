import { connect } from 'amqplib';

/** How many messages are in those of the queues that exist and are not empty. */
export async function messagesIn(
  url: string,
  queues: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const connection = await connect(url);
  connection.on('error', () => {});
  const counts: Record<string, number> = {};
  for (const queue of queues) {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    const answer = await channel.checkQueue(queue).catch(() => undefined);
    if (answer !== undefined && answer.messageCount > 0) counts[queue] = answer.messageCount;
  }
  await connection.close();
  return counts;
}
