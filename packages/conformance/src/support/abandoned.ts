import type { DeliveryAttempt, Receiver } from '@busbar/core';
import type { ScenarioContext } from './scenario-context.ts';
import type { Gate } from './signals.ts';

/** An attempt whose receiver was stopped over its head. */
export interface Abandoned {
  readonly queue: string;
  readonly attempt: DeliveryAttempt;
  /** Lets the abandoned handler return. */
  readonly gate: Gate;
}

/** Sends one message, `abandoned`, and stops its receiver while the handler hangs. */
export async function abandoned(t: ScenarioContext): Promise<Abandoned> {
  const queue = await t.queue();
  const inbox = t.inbox();
  const gate = t.gate();
  const receiver = t.connection.createReceiver({
    queue,
    concurrency: 4,
    suspicionAfter: 50,
    ordered: false,
  });
  // Settling late is refused, so this handler may not use the context's own way to complete.
  await receiver.start(
    async (attempt) => {
      inbox.add(attempt);
      await gate.passed;
      return 'settle';
    },
    async ({ error }) => {
      t.fail(error);
      return { action: 'release' };
    },
  );
  await t.send(queue, { id: 'abandoned' });
  const attempt = await inbox.has(1);
  await stopNow(t, receiver);
  return { queue, attempt, gate };
}

/** Stops with a deadline that passes at once. */
export async function stopNow(t: ScenarioContext, receiver: Receiver): Promise<void> {
  const deadline = new AbortController();
  const stopping = receiver.stop(deadline.signal);
  deadline.abort();
  await t.until(stopping, 'the stop to resolve at its deadline');
}
