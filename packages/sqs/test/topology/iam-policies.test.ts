import { iamPolicies } from '@busbar/sqs';
import { expect, test } from 'vitest';

const input = {
  partition: 'aws-us-gov',
  region: 'us-gov-west-1',
  account: '123456789012',
  queuePrefix: 'ci-',
  queues: [{ name: 'sales', ordered: true }, { name: 'error' }],
  receives: ['sales'],
  sendsTo: ['error'],
  publishes: ['Sales.OrderPlaced'],
  subscribes: ['Billing.Billed'],
  bucket: 'bodies',
} as const;

test('should name exactly the queues, topics and objects that are used', () => {
  const { run, provision } = iamPolicies(input);
  const resources = Object.fromEntries(run.Statement.map(({ Sid, Resource }) => [Sid, Resource]));
  const sqs = 'arn:aws-us-gov:sqs:us-gov-west-1:123456789012:ci-';
  const sns = 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:';
  expect(resources).toEqual({
    BusbarFind: [
      `${sqs}sales`,
      `${sqs}sales.fifo`,
      `${sqs}sales_delay`,
      `${sqs}sales_dead`,
      `${sqs}sales_dead.fifo`,
      `${sqs}error`,
      `${sqs}error.fifo`,
    ],
    BusbarReceive: [`${sqs}sales.fifo`, `${sqs}sales_delay`],
    BusbarSend: [`${sqs}sales_dead`, `${sqs}sales_dead.fifo`, `${sqs}error`, `${sqs}error.fifo`],
    BusbarTopics: ['*'],
    BusbarPublish: [`${sns}Sales_OrderPlaced`, `${sns}Sales_OrderPlaced.fifo`],
    BusbarSubscriptions: [`${sns}Billing_Billed`, `${sns}Billing_Billed.fifo`],
    BusbarLargeBodies: ['arn:aws-us-gov:s3:::bodies/busbar/*'],
    BusbarLargeBodiesMissing: ['arn:aws-us-gov:s3:::bodies'],
  });
  const actions = run.Statement.flatMap(({ Action }) => Action);
  expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  expect(actions).not.toContain('sqs:CreateQueue');
  expect(provision.Statement.flatMap(({ Action }) => Action)).toContain('sqs:CreateQueue');
});

test('should leave out what is not used, and allow any account where none is named', () => {
  const { run } = iamPolicies({ region: 'eu-west-1', receives: ['sales'] });
  expect(run.Statement.map(({ Sid }) => Sid)).toEqual([
    'BusbarFind',
    'BusbarReceive',
    'BusbarSend',
  ]);
  expect(run.Statement[1]?.Resource).toContain('arn:aws:sqs:eu-west-1:*:sales');
});
