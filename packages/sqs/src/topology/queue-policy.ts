/** One statement of a policy of IAM, as far as it is looked at here. */
interface Statement {
  readonly Sid?: string;
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | readonly string[]>>>
  >;
}

/** A policy of a queue. */
interface Policy {
  readonly Version?: string;
  readonly Statement?: readonly Statement[];
}

/** Our statement among those of others, which stay as they are. */
const sid = 'BusbarTopics';

/** SQS takes no longer policy. */
const longestPolicy = 8_000;

/** The ARNs of the topics that may send to the queue, as its policy says in our statement. */
export function topicsIn(policy: string | undefined): readonly string[] {
  const arns = statementsOf(policy).find(({ Sid }) => Sid === sid)?.Condition?.['ArnLike'];
  const listed = arns?.['aws:SourceArn'] ?? [];
  return typeof listed === 'string' ? [listed] : listed;
}

/** Whether the topic may send to the queue; an ARN in the policy may end with a wildcard. */
export function allows(policy: string | undefined, topicArn: string): boolean {
  return topicsIn(policy).some((arn) =>
    arn.endsWith('*') ? topicArn.startsWith(arn.slice(0, -1)) : arn === topicArn,
  );
}

/** The policy with these topics allowed, too: without it SNS drops their events in silence. */
export function withTopics(
  policy: string | undefined,
  queueArn: string,
  topicArns: readonly string[],
): string {
  const arns = [...new Set([...topicsIn(policy), ...topicArns])].toSorted();
  const others = statementsOf(policy).filter(({ Sid }) => Sid !== sid);
  const text = written(others, queueArn, arns);
  // So many topics do not fit by name: those of the account and region then.
  return text.length <= longestPolicy ? text : written(others, queueArn, wildcards(arns));
}

function wildcards(arns: readonly string[]): readonly string[] {
  return [...new Set(arns.map((arn) => `${arn.slice(0, arn.lastIndexOf(':') + 1)}*`))];
}

function written(others: readonly Statement[], queueArn: string, arns: readonly string[]): string {
  const own = {
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn,
    Condition: { ArnLike: { 'aws:SourceArn': arns } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [...others, own] });
}

function statementsOf(policy: string | undefined): readonly Statement[] {
  if (policy === undefined || policy === '') return [];
  const { Statement: statements = [] } = JSON.parse(policy) as Policy;
  return Array.isArray(statements)
    ? (statements as readonly Statement[])
    : [statements as Statement];
}
