import { createHash } from 'node:crypto';
import { ownProperties } from '../message/own-properties.ts';

/** The service's own limit for the text of a rule, in characters. */
const longestFilter = 1_024;
const tagLength = 7;

/** What stands for a topic in a message and in the rules: a rule has little room. */
export function topicTag(topic: string): string {
  const hash = createHash('sha256').update(topic.toLowerCase()).digest();
  return BigInt(`0x${hash.subarray(0, 8).toString('hex')}`)
    .toString(36)
    .slice(-tagLength)
    .padStart(tagLength, '0');
}

/** The tags of the topics before one in a chain, for its copy of the message; undefined for the first. */
export function aboveOf(topics: readonly string[]): string | undefined {
  return topics.length === 0 ? undefined : topics.map(topicTag).join('.');
}

/** The rule of a queue's subscription to one topic. */
export interface CopyRule {
  readonly filter: string;
  /** Topics for which the rule had no room. */
  readonly leftOut: readonly string[];
}

/** Lets everything pass. */
export const everything = '1=1';

/**
 * The rule by which a queue takes one copy of an event, although it subscribed to several topics of its chain: that of the
 * first, so not this one where another of its topics comes before in the chain.
 *
 * @param others the other topics of the queue, those first that matter most
 * @param since events that were sent before pass all the same: see {@link narrowedAt}
 */
export function copyRule(others: readonly string[], since?: number): CopyRule {
  if (others.length === 0) return { filter: everything, leftOut: [] };
  const { above } = ownProperties;
  const clauses: string[] = [];
  const leftOut: string[] = [];
  let length = `${above} IS NULL OR ${sentBefore(longestNumber)}()`.length;
  for (const topic of others) {
    const clause = `${above} NOT LIKE '%${topicTag(topic)}%'`;
    length += clause.length + ' AND '.length;
    if (length > longestFilter) leftOut.push(topic);
    else clauses.push(clause);
  }
  const early = since === undefined ? '' : sentBefore(since);
  return { filter: `${above} IS NULL OR ${early}(${clauses.join(' AND ')})`, leftOut };
}

const longestNumber = Number.MAX_SAFE_INTEGER;

function sentBefore(since: number): string {
  return `${ownProperties.at} < ${since} OR `;
}

/**
 * From when on a rule leaves events to other topics. The copies of an event are sent beside each other, and one may be tried
 * again for a while: the first may have come before its subscription was made, and the second after the rule was narrowed.
 * So a rule that is narrowed lets pass what was sent before.
 *
 * @param expression the rule as it is; undefined where there is none
 * @param others the topics that it is to leave events to
 * @param now when the subscriptions to them were there
 */
export function narrowedAt(
  expression: string | undefined,
  others: readonly string[],
  now: number,
): number | undefined {
  const tags = new Set(
    [...(expression ?? '').matchAll(/NOT LIKE '%(\w+)%'/g)].map(([, tag]) => tag),
  );
  if (!others.every((topic) => tags.has(topicTag(topic)))) return Math.floor(now) + 1;
  const [, since] = new RegExp(`${ownProperties.at} < (\\d+)`).exec(expression ?? '') ?? [];
  return since === undefined ? undefined : Number(since);
}
