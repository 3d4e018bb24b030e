import type { QueueDefinition } from '@busbar/core';
import { companions, fifoSuffix, queueName, topicName } from './names.ts';

/** What an endpoint uses, for {@link iamPolicies}. */
export interface IamPolicyInput {
  /** `aws`, `aws-cn`, `aws-us-gov`, … @default 'aws' */
  readonly partition?: string;
  readonly region: string;
  /** The number of the account. @default '*' */
  readonly account?: string;
  readonly queuePrefix?: string;
  readonly topicPrefix?: string;
  readonly bucket?: string;
  readonly bucketPrefix?: string;
  /** The key of KMS that its queues and topics are encrypted with: an id, ARN or alias. */
  readonly kmsKeyId?: string;
  /** The queues that it provisions. */
  readonly queues?: readonly QueueDefinition[];
  /** The queues that it receives from. */
  readonly receives?: readonly string[];
  /** The queues that it sends to beside those, such as error queue, audit queue and the owners of its commands. */
  readonly sendsTo?: readonly string[];
  /** The topics that it publishes to; each event with its base events. */
  readonly publishes?: readonly string[];
  /** The topics that its queue subscribes to; to prune, also those that it does not subscribe to any more. */
  readonly subscribes?: readonly string[];
}

/** A policy document of IAM. */
export interface IamPolicy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Sid: string;
    readonly Effect: 'Allow';
    readonly Action: readonly string[];
    readonly Resource: readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[];
}

/** The least rights: for the running endpoint, and for `endpoint.provision()`. */
export interface IamPolicies {
  readonly run: IamPolicy;
  readonly provision: IamPolicy;
}

const actions = {
  receive: [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:ChangeMessageVisibility',
    // Copies: delays beyond 15 minutes, and suspects of the crash guard.
    'sqs:SendMessage',
    // What it is subscribed to.
    'sqs:GetQueueAttributes',
  ],
  send: ['sqs:SendMessage'],
  // A publisher asks for the topic by making it; one that is there stays as it is.
  publish: ['sns:Publish', 'sns:CreateTopic'],
  list: ['sns:ListSubscriptionsByTopic'],
  make: ['sqs:CreateQueue', 'sqs:GetQueueAttributes', 'sqs:SetQueueAttributes'],
  subscribe: ['sns:CreateTopic', 'sns:Subscribe', 'sns:ListSubscriptionsByTopic'],
  // A topic that may not be made, or is there with other attributes, is looked for.
  search: ['sns:ListTopics'],
  changeSubscriptions: ['sns:SetSubscriptionAttributes', 'sns:Unsubscribe'],
  encrypt: ['kms:GenerateDataKey', 'kms:Decrypt'],
} as const;

/** For actions that AWS lets nobody narrow down. */
const everything = ['*'];

/** The policies of least privilege for an endpoint. Nothing is asked or changed. */
export function iamPolicies(input: IamPolicyInput): IamPolicies {
  const { queues = [], receives = [], sendsTo = [], publishes = [], subscribes = [] } = input;
  const { bucket, bucketPrefix = 'busbar/', partition = 'aws' } = input;
  const ordered = new Set(queues.filter((queue) => queue.ordered === true).map(({ name }) => name));
  const queueArns = (names: readonly string[]): string[] =>
    names.flatMap((name) => queueArnsOf(input, name, ordered.has(name)));
  const topicArns = (names: readonly string[]): string[] =>
    names.flatMap((name) => topicArnsOf(input, name));
  // Which of its two names a queue has is found out by asking for both.
  const find = (names: readonly string[]): Statement =>
    statement(
      'Find',
      ['sqs:GetQueueUrl'],
      names.flatMap((name) => queueArnsOf(input, name, false)),
    );
  const made = withCompanions(
    queues.map(({ name }) => name),
    ...Object.values(companions),
  );
  const received = withCompanions(receives, companions.delay);
  // What is too large for the error queue.
  const dead = receives.map((name) => `${name}${companions.dead}`);
  const objects = `arn:${partition}:s3:::${bucket ?? ''}`;
  const withBucket = bucket === undefined ? [] : [objects];
  return {
    run: policy([
      find([...received, ...dead, ...sendsTo]),
      statement('Receive', actions.receive, queueArns(received)),
      statement('Send', actions.send, queueArns([...dead, ...sendsTo])),
      statement('Publish', actions.publish, topicArns(publishes)),
      statement('Topics', actions.search, publishes.length === 0 ? [] : everything),
      statement('Subscriptions', actions.list, topicArns(subscribes)),
      statement(
        'LargeBodies',
        ['s3:GetObject', 's3:PutObject'],
        withBucket.map((each) => `${each}/${bucketPrefix}*`),
      ),
      // Without it S3 says that an object which is not there is forbidden.
      statement('LargeBodiesMissing', ['s3:ListBucket'], withBucket),
      encryption(input),
    ]),
    provision: policy([
      find(made),
      statement('Queues', actions.make, queueArns(made)),
      statement('Topics', actions.subscribe, topicArns(subscribes)),
      statement(
        'Subscriptions',
        [...actions.search, ...actions.changeSubscriptions],
        subscribes.length === 0 ? [] : everything,
      ),
    ]),
  };
}

/** An alias is no resource of the actions on its key, so the key is named by having it. */
function encryption(input: IamPolicyInput): Statement {
  const { kmsKeyId = '' } = input;
  const alias = /(?:^|:)(alias\/.+)$/.exec(kmsKeyId)?.[1];
  if (alias !== undefined) {
    return {
      ...statement('Encryption', actions.encrypt, [arn(input, 'kms', 'key/*')]),
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } },
    };
  }
  const key = kmsKeyId.startsWith('arn:') ? kmsKeyId : arn(input, 'kms', `key/${kmsKeyId}`);
  return statement('Encryption', actions.encrypt, kmsKeyId === '' ? [] : [key]);
}

function withCompanions(names: readonly string[], ...suffixes: string[]): string[] {
  return names.flatMap((name) => [name, ...suffixes.map((suffix) => `${name}${suffix}`)]);
}

type Statement = IamPolicy['Statement'][number];

function policy(statements: readonly Statement[]): IamPolicy {
  return {
    Version: '2012-10-17',
    Statement: statements.filter(({ Resource }) => Resource.length > 0),
  };
}

function statement(sid: string, action: readonly string[], resource: readonly string[]): Statement {
  return { Sid: `Busbar${sid}`, Effect: 'Allow', Action: action, Resource: [...new Set(resource)] };
}

/** Whether a queue of somebody else is ordered is not known here, so both names are allowed. */
function queueArnsOf(input: IamPolicyInput, queue: string, ordered: boolean): string[] {
  const name = queueName(queue, input.queuePrefix ?? '');
  // Delays wait in standard queues alone.
  if (queue.endsWith(companions.delay)) return [arn(input, 'sqs', name)];
  const names = ordered ? [`${name}${fifoSuffix}`] : [name, `${name}${fifoSuffix}`];
  return names.map((each) => arn(input, 'sqs', each));
}

function topicArnsOf(input: IamPolicyInput, topic: string): string[] {
  const { topicPrefix = '' } = input;
  return [false, true].map((ordered) => arn(input, 'sns', topicName(topic, topicPrefix, ordered)));
}

function arn(input: IamPolicyInput, service: string, name: string): string {
  const { partition = 'aws', region, account = '*' } = input;
  return `arn:${partition}:${service}:${region}:${account}:${name}`;
}
