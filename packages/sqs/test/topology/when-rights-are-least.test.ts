import { headerNames } from '@busbar/core';
import { type IamPolicy, type IamPolicyInput, type SdkClient, iamPolicies } from '@busbar/sqs';
import { expect, test } from 'vitest';
import { awsError } from '../../../../test/support/sqs/fault-layer.ts';
import { pollBriefly } from '../../../../test/support/sqs/local-aws.ts';
import { localQueues } from '../support/local-queues.ts';
import { Handled, openConnection, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

/** What a call is about, whatever it names. */
interface Input {
  readonly QueueName?: string;
  readonly Name?: string;
  readonly QueueUrl?: string;
  readonly TopicArn?: string;
}

/** AWS lets nobody narrow these down, so they need a right on everything. */
const unlimited = ['sns:ListTopics', 'sns:Unsubscribe', 'sns:SetSubscriptionAttributes'];

/** Lets through what the policy allows, and nothing else. */
function only(policy: IamPolicy): (client: SdkClient) => void {
  return (client) => {
    pollBriefly(client);
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const service = /SNS/.test(String(context['clientName'])) ? 'sns' : 'sqs';
        const call = String(context['commandName']).replace(/(?:Batch)?Command$/, '');
        const action = `${service}:${call}`;
        const { QueueName, Name, QueueUrl, TopicArn } = args.input as Input;
        const name =
          QueueName ?? Name ?? QueueUrl?.split('/').at(-1) ?? TopicArn?.split(':').at(-1);
        const allowed = policy.Statement.some(
          ({ Action, Resource }) =>
            Action.includes(action) &&
            Resource.some((arn) =>
              unlimited.includes(action) ? arn === '*' : arn.endsWith(`:${name ?? ''}`),
            ),
        );
        if (allowed || name === 'busbar-is-anybody-there') return next(args);
        throw awsError('AccessDeniedException', `not authorized: ${action} on ${name}`, 403);
      },
      { step: 'initialize', name: 'only' },
    );
  };
}

test.each([false, true])('they suffice to provision and to run; ordered: %s', async (ordered) => {
  const [queue, errors, topic, billed] = [
    local.name('sales'),
    local.name('errors'),
    local.name('Sales.Placed'),
    local.name('Billing.Billed'),
  ];
  const input: IamPolicyInput = {
    region: 'us-east-1',
    queues: [{ name: queue, ordered }, { name: errors }],
    receives: [queue],
    sendsTo: [errors],
    publishes: [topic],
    subscribes: [billed],
  };
  const { run, provision } = iamPolicies(input);
  {
    await using deployer = await openConnection({
      ...local.aws.options,
      configureClient: only(provision),
    });
    const { queues, subscriptions } = deployer.connection;
    await queues.provision([
      { name: queue, ordered },
      { name: errors, use: 'archive' },
    ]);
    await subscriptions.subscribe(queue, [billed]);
    expect(await subscriptions.list(queue)).toEqual([billed]);
    await subscriptions.unsubscribe(queue, [billed]);
    await subscriptions.subscribe(queue, [billed]);
  }
  await using runner = await openConnection({ ...local.aws.options, configureClient: only(run) });
  const { connection } = runner;
  expect(await connection.queues.missing([queue, errors])).toEqual([]);
  expect(await connection.subscriptions.list(queue)).toEqual([billed]);
  const handled = new Handled();
  await receive(connection, queue, (attempt) => handled.add(attempt), { ordered });
  const failed = { [headerNames.failedQueue]: queue };
  const sent = await connection.dispatch([
    toQueue(queue, 'own'),
    toQueue(queue, 'delayed', { deliverAt: Date.now() + 100 }),
    toQueue(errors, 'failed'),
    toQueue(errors, 'large', { headers: failed, body: Buffer.alloc(1_048_570, 'x') }),
    {
      message: { headers: { [headerNames.messageId]: 'event' }, body: Buffer.from('{}') },
      destination: { kind: 'topic', topics: [topic], ordered },
    },
  ]);
  expect(sent.filter(({ outcome }) => outcome !== 'confirmed')).toEqual([]);
  await handled.has(2);
});

test('those on a key of KMS are on the key that has the alias', () => {
  const of = (kmsKeyId: string): unknown =>
    iamPolicies({ region: 'eu-west-1', account: '1', receives: ['sales'], kmsKeyId })
      .run.Statement.filter(({ Sid }) => Sid === 'BusbarEncryption')
      .map(({ Action, Resource, Condition }) => ({ Action, Resource, Condition }))[0];
  const Action = ['kms:GenerateDataKey', 'kms:Decrypt'];
  expect(of('alias/bus')).toEqual({
    Action,
    Resource: ['arn:aws:kms:eu-west-1:1:key/*'],
    Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/bus' } },
  });
  expect(of('k-1')).toEqual({ Action, Resource: ['arn:aws:kms:eu-west-1:1:key/k-1'] });
  const arn = 'arn:aws:kms:eu-west-1:2:key/k-2';
  expect(of(arn)).toEqual({ Action, Resource: [arn] });
});

test('the rights on a bucket tell a body that is not there from one that is forbidden', () => {
  const { run } = iamPolicies({ region: 'eu-west-1', bucket: 'bodies' });
  expect(run.Statement).toContainEqual({
    Sid: 'BusbarLargeBodiesMissing',
    Effect: 'Allow',
    Action: ['s3:ListBucket'],
    Resource: ['arn:aws:s3:::bodies'],
  });
});
