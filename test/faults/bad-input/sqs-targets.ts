import { Buffer } from 'node:buffer';
import {
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { headerNames } from '@busbar/core';
import { type SqsTransportOptions, sqsTransport } from '@busbar/sqs';
import fc from 'fast-check';
import { LocalAws, clientFor, pollBriefly, urlOf } from '../../support/sqs/local-aws.ts';
import type { BadInputTarget } from './bad-input-target.ts';
import type { InputCase } from './input-case.ts';
import { connectForeign, dispatch } from './transports.ts';
import { wireCases } from './wire-cases.ts';

/** Attributes of a message, as a client of SQS gives them. */
type Attributes = NonNullable<SendMessageBatchRequestEntry['MessageAttributes']>;

/** How a case gets into the queue: its headers as attributes, as one attribute, or as what is none. */
interface SqsNative {
  readonly how: 'attributes' | 'headers' | 'broken';
  readonly more: Attributes;
}

function optionsFor(aws: LocalAws): SqsTransportOptions {
  return { ...aws.options, pollSeconds: 1, configureClient: pollBriefly };
}

const string = (StringValue: string): Attributes[string] => ({ DataType: 'String', StringValue });

const legalText = fc
  .string({ unit: fc.constantFrom('a', '{', '"', '<', '\n', 'ä', '\uFFFD', ' ') })
  .map((text) => `-${text}`);

const texts = fc.oneof(
  legalText,
  fc.constantFrom(
    '{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:1:t","Message":"{}"}',
    '{"id":"good","amount":1}',
    '<order id="a"/>',
    'x'.repeat(500_000),
  ),
);

const foreignAttributes = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/).filter((name) => !name.startsWith('aws')),
  fc.oneof(
    legalText.map(string),
    fc.constant<Attributes[string]>({ DataType: 'Number', StringValue: '5' }),
    fc.constant<Attributes[string]>({ DataType: 'String.custom', StringValue: 'x' }),
    fc.uint8Array({ minLength: 1 }).map((BinaryValue): Attributes[string] => ({
      DataType: 'Binary',
      BinaryValue,
    })),
  ),
  { maxKeys: 6 },
);

/** Plain texts, envelopes of SNS, JSON without headers. */
function foreignCases(): fc.Arbitrary<InputCase> {
  return fc.tuple(texts, foreignAttributes).map(([text, more]) => ({
    headers: asTexts(more),
    body: Buffer.from(text),
    bare: false,
    refusedAs: 'UNDECODABLE',
    native: { how: 'attributes', more } satisfies SqsNative,
  }));
}

/** What stands where headers should be is none. */
function brokenCases(): fc.Arbitrary<InputCase> {
  const written = fc.oneof(
    fc.constantFrom('{"broken', '[]', 'null', '5', '{"a":5}', '{"a":null}', '"text"').map(string),
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((BinaryValue): Attributes[string] => ({
      DataType: 'Binary',
      BinaryValue: Uint8Array.of(255, ...BinaryValue),
    })),
  );
  return fc.tuple(texts, written).map(([text, headers]) => ({
    headers: { 'x-undecodable-headers': headers.StringValue ?? '' },
    body: Buffer.from(text),
    bare: true,
    refusedAs: 'UNDECODABLE',
    native: { how: 'broken', more: { 'busbar-headers': headers } } satisfies SqsNative,
  }));
}

/** Headers that are some, with notes of the transport that anybody can write. */
function pretendedCases(): fc.Arbitrary<InputCase> {
  const odd = fc.constantFrom(
    '0',
    '-1',
    'NaN',
    '1e3',
    'x',
    ';',
    '3;alone',
    '9;alone',
    '1e99;alone',
  );
  const notes = fc
    .record({ guard: fc.option(odd, { freq: 8 }), due: fc.option(odd, { freq: 2 }) })
    .map(({ guard, due }) => ({
      ...(guard === null ? {} : { 'busbar-guard': string(guard) }),
      ...(due === null ? {} : { 'busbar-due': string(due) }),
    }));
  return fc.tuple(wireCases(), notes).map(([one, more]) => {
    // A suspect goes on as a copy, by whose native id nobody would know it.
    const id = one.headers[headerNames.messageId] ?? '';
    const kept = id === '' || one.bare ? {} : more;
    return { ...one, native: { how: 'headers', more: kept } satisfies SqsNative };
  });
}

function asTexts(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { StringValue, BinaryValue }]) => [
      name,
      StringValue ?? Buffer.from(BinaryValue ?? []).toString('base64'),
    ]),
  );
}

async function put(
  client: SQSClient,
  queue: string,
  cases: readonly InputCase[],
): Promise<readonly (string | undefined)[]> {
  const QueueUrl = await urlOf(client, queue);
  const ids: (string | undefined)[] = [];
  // The large ones would not fit together.
  for (const one of cases) {
    const { Successful, Failed } = await client.send(
      new SendMessageBatchCommand({ QueueUrl, Entries: [entryOf(one)] }),
    );
    if (Failed?.[0] !== undefined) throw new Error(`A case was refused: ${Failed[0].Message}`);
    ids.push(Successful?.[0]?.MessageId);
  }
  return ids;
}

const plain: SqsNative = { how: 'headers', more: {} };

function entryOf({ headers, body, native = plain }: InputCase): SendMessageBatchRequestEntry {
  const { how, more } = native as SqsNative;
  const text = Buffer.from(body).toString('utf8');
  if (how === 'broken') return { Id: '0', MessageBody: text, MessageAttributes: more };
  if (how === 'attributes') {
    const tracking = Object.entries(headers).filter(([name]) => more[name] === undefined);
    const added = Object.fromEntries(tracking.map(([name, value]) => [name, string(value)]));
    return { Id: '0', MessageBody: text, MessageAttributes: { ...more, ...added } };
  }
  return {
    Id: '0',
    MessageBody: '-',
    MessageAttributes: {
      ...more,
      'busbar-headers': string(
        JSON.stringify(headers).replaceAll(
          /[\uFFFE\uFFFF]/g,
          (one) => `\\u${one.charCodeAt(0).toString(16)}`,
        ),
      ),
      'busbar-body':
        body.byteLength === 0 ? string('empty') : { DataType: 'Binary', BinaryValue: body },
    },
  };
}

/** Messages of other endpoints. */
export const sqs: BadInputTarget = {
  name: 'sqs',
  keepsOrder: false,
  cases: wireCases(),
  open: async () => {
    const aws = await LocalAws.start();
    const foreign = await connectForeign(sqsTransport(optionsFor(aws)));
    return {
      transport: sqsTransport(optionsFor(aws)),
      put: (queue, cases) => dispatch(foreign, queue, cases),
      close: async () => {
        await foreign.close();
        await aws[Symbol.asyncDispose]();
      },
    };
  },
};

/** Messages of producers that know nothing of Busbar, and of some that pretend to. */
export const foreignSqs: BadInputTarget = {
  name: 'sqs, past the transport',
  keepsOrder: false,
  cases: fc.oneof(
    { weight: 3, arbitrary: foreignCases() },
    { weight: 2, arbitrary: brokenCases() },
    { weight: 3, arbitrary: pretendedCases() },
  ),
  open: async () => {
    const aws = await LocalAws.start();
    const client = clientFor(aws.options);
    return {
      transport: sqsTransport(optionsFor(aws)),
      put: (queue, cases) => put(client, queue, cases),
      close: async () => {
        client.destroy();
        await aws[Symbol.asyncDispose]();
      },
    };
  },
};
