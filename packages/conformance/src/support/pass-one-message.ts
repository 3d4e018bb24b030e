import type { ScenarioContext } from './scenario-context.ts';

/** Brings one message through a queue of its own: whatever was about to happen meanwhile has happened after it. */
export async function passOneMessage(t: ScenarioContext): Promise<void> {
  const queue = await t.queue('beside');
  const inbox = t.inbox();
  await t.receive(queue, (attempt) => inbox.add(attempt));
  await t.send(queue);
  await inbox.has(1);
}
