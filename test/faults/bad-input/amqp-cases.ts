import { Buffer } from 'node:buffer';
import { type Headers, headerNames } from '@busbar/core';
import fc from 'fast-check';
import {
  type AmqpNative,
  type Placing,
  brokersNames,
  composed,
  condemned,
  readable,
} from './amqp-message.ts';
import {
  type AmqpField,
  type AmqpValue,
  amqpLists,
  amqpValues,
  bytesValue,
  nothing,
  textValue,
  timestampValue,
} from './amqp-values.ts';
import { bodies } from './bodies.ts';
import type { InputCase } from './input-case.ts';
import { anyText, oddNames, wireHeaders } from './wire-cases.ts';

/** Over before anybody may have seen the message. */
const overAtOnce = ['0', '1'];

const placings = fc.array(
  fc.constantFrom<Placing>(
    'property',
    'property',
    'property',
    'text',
    'text',
    'bytes',
    'list',
    'damaged',
    'padded',
    'both',
  ),
  { minLength: 1, maxLength: 7 },
);

const foreignNames = fc.oneof(
  oddNames,
  anyText(20),
  fc.constantFrom<string | Uint8Array>(
    '',
    'n'.repeat(255),
    'ä'.repeat(127),
    Uint8Array.of(0xff, 0xc0),
    new Uint8Array(255).fill(0xfe),
    Buffer.from('x-half-\xe4', 'latin1'),
    'cc',
    'x-match',
    'x-delay',
    'x-message-ttl',
    'x-stream-offset',
    'x-opt-delivery-time',
    'x-busbar-unheard-of',
    ...brokersNames.filter((name) => !name.endsWith('CC')),
  ),
);

const foreign = fc.record({ name: foreignNames, value: amqpValues });

/** The broker refuses them when they are no lists. */
const carbonCopies = fc.record({ name: fc.constantFrom('CC', 'BCC'), value: amqpLists });

const hours = (count: number): bigint => BigInt(Math.floor(Date.now() / 1_000) + 3_600 * count);

/** Headers of Busbar's own as others may write them; the id is left alone, since cases are told apart by it. */
const framework: fc.Arbitrary<AmqpField> = fc.oneof(
  fc.record({
    name: fc.constantFrom(
      headerNames.correlationId,
      headerNames.conversationId,
      headerNames.timeSent,
      headerNames.deliverAt,
      headerNames.delayedAttempts,
      headerNames.partitionKey,
      headerNames.failureStack,
      headerNames.traceparent,
      headerNames.enclosedTypes,
      headerNames.contentType,
      headerNames.replyTo,
    ),
    value: amqpValues,
  }),
  fc.record({
    name: fc.constant(headerNames.expiresAt),
    value: fc.oneof(
      fc.constantFrom(-1, 1).map((count) => timestampValue(hours(count))),
      fc.constantFrom<AmqpValue>(
        nothing,
        bytesValue('2999-01-01T00:00:00.000Z'),
        textValue(Uint8Array.of(0xff)),
        timestampValue(2n ** 64n - 1n),
      ),
    ),
  }),
);

const counts = fc.oneof(
  fc.constantFrom('0', '1', '3', '4', '6', '100', '-1', 'NaN', '', ' 7 ', '1e3').map(textValue),
  amqpValues,
);

/** What the transport writes on copies of messages that came again. */
const forged = fc
  .record({
    'x-busbar-deliveries': fc.option(counts, { nil: undefined, freq: 8 }),
    'x-busbar-alone': fc.option(counts, { nil: undefined }),
  })
  .map((values) =>
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
  );

const fieldsBefore = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: foreign },
    { weight: 1, arbitrary: carbonCopies },
    { weight: 1, arbitrary: framework },
  ),
  { maxLength: 3 },
);

const fieldsBehind = fc.oneof(
  { withCrossShrink: true },
  { weight: 60, arbitrary: fc.constant<readonly AmqpField[]>([]) },
  { weight: 30, arbitrary: fc.array(foreign, { maxLength: 2 }) },
  { weight: 10, arbitrary: framework.map((field) => [field]) },
  // Rare, because suspects are handled one by one.
  { weight: 2, arbitrary: forged },
);

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const shorts = fc.oneof(
  anyText(20),
  fc.constantFrom<string | Uint8Array>('', 's'.repeat(255), '\0\r\n', Uint8Array.of(0xc3, 0x28)),
);

const shortProperties = (expirations: readonly string[]) =>
  fc
    .record({
      contentEncoding: maybe(fc.oneof(fc.constantFrom('gzip', 'deflate', 'utf-8'), shorts)),
      // Another client's, where the headers say nothing.
      correlationId: maybe(shorts),
      expiration: fc.oneof(
        { withCrossShrink: true },
        { weight: 30, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom(...expirations, '60000', '4294967295') },
      ),
      appId: maybe(shorts),
      clusterId: maybe(shorts),
    })
    .map((texts) => definedOf(texts));

const natives = (expirations: readonly string[]): fc.Arbitrary<AmqpNative> =>
  fc.record({
    placings,
    before: fieldsBefore,
    behind: fieldsBehind,
    twice: fc.constantFrom(false, false, false, true),
    texts: shortProperties(expirations),
    deliveryMode: fc.constantFrom(2, 1, undefined),
    priority: maybe(fc.nat({ max: 255 })),
    timestamp: maybe(
      fc.constantFrom(0n, 1_700_000_000n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
    ),
    reserved: fc.constantFrom(0, 0, 0, 1, 2, 3),
    tableless: fc.boolean(),
    client: fc.constantFrom('amqplib', 'frames'),
  });

const dressed = (expirations: readonly string[]): fc.Arbitrary<InputCase> =>
  fc
    .record({ headers: wireHeaders, body: bodies, native: natives(expirations) })
    .map(({ headers, body, native }) => {
      const readableOf: NonNullable<InputCase['readable']> = (tracked) =>
        readable(composed(tracked, native));
      const { expiration } = native.texts;
      return {
        headers,
        body,
        bare: false,
        native,
        readable: readableOf,
        ...refusals[condemned(composed(headers, native))],
        ...(overAtOnce.includes(String(expiration)) && { mayExpire: true }),
      };
    });

const refusals = {
  yes: { refusedAs: 'CRASH_LOOP' },
  perhaps: { mayBeRefusedAs: 'CRASH_LOOP' },
  no: {},
} as const;

const plain: AmqpNative = {
  placings: ['property'],
  before: [],
  behind: [],
  twice: false,
  texts: {},
  deliveryMode: undefined,
  priority: undefined,
  timestamp: undefined,
  reserved: 0,
  tableless: true,
  client: 'frames',
};

/** Without any property. */
export const naked = (body: Uint8Array, reserved = 0): InputCase => ({
  headers: {},
  body,
  bare: true,
  native: { ...plain, reserved },
});

/** As another client writes it. */
export function written(headers: Headers, body: Uint8Array, how: Partial<AmqpNative>): InputCase {
  const native = { ...plain, ...how };
  return {
    headers,
    body,
    bare: false,
    native,
    readable: (tracked) => readable(composed(tracked, native)),
  };
}

/** How a case is written; those that say nothing of it are written plainly. */
export const nativeOf = ({ native = plain }: InputCase): AmqpNative => native as AmqpNative;

/**
 * Messages as other clients of the broker write them, and as none would.
 *
 * @param keepsExpired Whether the broker keeps what it takes out of a queue when its time is over.
 */
export function amqpCases(keepsExpired: boolean): fc.Arbitrary<InputCase> {
  return fc.oneof(
    { weight: 60, arbitrary: dressed(keepsExpired ? overAtOnce : []) },
    {
      weight: 1,
      arbitrary: fc.tuple(bodies, fc.nat({ max: 3 })).map(([body, bits]) => naked(body, bits)),
    },
  );
}

function definedOf<Texts extends object>(texts: Texts): AmqpNative['texts'] {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
}
