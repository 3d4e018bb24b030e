import type { Administration } from './administration.ts';
import { everything } from './copy-rules.ts';
import { subscriptionName, topicEntity } from './names.ts';
import { sizeWords } from './queue-settings.ts';
import { bornWith, ruleFor, ruleName } from './rules.ts';

/** What makes the subscription of a queue to a topic. */
export function subscriptionCommand(
  administration: Administration,
  queue: string,
  topic: string,
): string {
  return administration.command(
    `topic subscription create --topic-name ${topicEntity(topic)} --name ${subscriptionName(queue)} --forward-to ${queue} --max-delivery-count 2000`,
  );
}

/**
 * Says what would be done to subscribe a queue.
 *
 * @param present what it is subscribed to already, where that is known
 */
export function printSubscriptions(
  administration: Administration,
  queue: string,
  wanted: readonly string[],
  present: readonly string[],
): void {
  const size = sizeWords(administration.settings.maxMessageBytes);
  for (const topic of wanted.filter((each) => !present.includes(each))) {
    const words = [`topic create --name ${topicEntity(topic)}`, ...size];
    administration.print(administration.command(words.join(' ')));
    administration.print(subscriptionCommand(administration, queue, topic));
  }
  // Last: a rule must not leave an event to a subscription that does not exist.
  const all = [...new Set([...present, ...wanted])];
  for (const topic of all) {
    const verb = present.includes(topic) ? 'update' : 'create';
    printRule(administration, verb, topic, { queue, now: wanted, all });
  }
}

function printRule(
  administration: Administration,
  verb: 'create' | 'update',
  topic: string,
  topics: Parameters<typeof ruleFor>[1],
): void {
  const { sqlExpression } = ruleFor(topic, topics).filter;
  // That is what the rule says that each subscription is born with.
  if (sqlExpression === everything) return;
  const where = `--topic-name ${topicEntity(topic)} --subscription-name ${subscriptionName(topics.queue)}`;
  const command = (words: string): void => administration.print(administration.command(words));
  command(
    `topic subscription rule ${verb} ${where} --name ${ruleName} --filter-sql-expression "${sqlExpression}"`,
  );
  if (verb === 'create') command(`topic subscription rule delete ${where} --name '${bornWith}'`);
}
