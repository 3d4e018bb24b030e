import { expect, test } from 'vitest';
import { allows, topicsIn, withTopics } from '../../src/topology/queue-policy.ts';

const queueArn = 'arn:aws-cn:sqs:cn-north-1:123456789012:sales';
const topicArn = (name: string): string => `arn:aws-cn:sns:cn-north-1:123456789012:${name}`;

test('should let SNS send for the topics that are named, and for no other', () => {
  const policy = withTopics(undefined, queueArn, [topicArn('b'), topicArn('a')]);
  expect(JSON.parse(policy)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'BusbarTopics',
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queueArn,
        Condition: { ArnLike: { 'aws:SourceArn': [topicArn('a'), topicArn('b')] } },
      },
    ],
  });
  expect(allows(policy, topicArn('a'))).toBe(true);
  expect(allows(policy, topicArn('c'))).toBe(false);
});

test('should keep what others wrote, and what was allowed before', () => {
  const foreign = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 'sqs:*' };
  const before = JSON.stringify({ Version: '2012-10-17', Statement: [foreign] });
  const policy = withTopics(withTopics(before, queueArn, [topicArn('a')]), queueArn, [
    topicArn('b'),
  ]);
  expect((JSON.parse(policy) as { Statement: object[] }).Statement).toContainEqual(foreign);
  expect(topicsIn(policy)).toEqual([topicArn('a'), topicArn('b')]);
});

test('should allow all topics of the account and region where their names do not fit', () => {
  const many = Array.from({ length: 200 }, (_, index) => topicArn(`topic-${index}`));
  const policy = withTopics(undefined, queueArn, many);
  expect(policy.length).toBeLessThan(8_192);
  expect(topicsIn(policy)).toEqual([topicArn('*')]);
  expect(many.every((arn) => allows(policy, arn))).toBe(true);
  expect(allows(policy, 'arn:aws-cn:sns:cn-north-1:999999999999:topic-1')).toBe(false);
});
