import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A broker that is killed less than two seconds after a queue was declared has not written that down: RabbitMQ 3 has lost a
 * durable queue then, and a quorum queue is dead for good.
 */
export function settleAfterDeclaring(): Promise<void> {
  return sleep(2_500);
}
