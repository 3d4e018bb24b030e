import { type Administration, isDenial } from './administration.ts';
import { existingQueue } from './existing-queue.ts';

/** The deliveries after which a queue gives a message up, undefined where it cannot be asked. */
export async function deliveryLimitOf(
  administration: Administration,
  queue: string,
): Promise<number | undefined> {
  const answer = await administration.ask(`looking at the queue "${queue}"`, async (client) => ({
    limit: (await existingQueue(client, queue))?.maxDeliveryCount,
  }));
  return isDenial(answer) ? undefined : answer.limit;
}
