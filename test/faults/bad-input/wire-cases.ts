import { type Headers, headerNames } from '@busbar/core';
import fc from 'fast-check';
import { bodies } from './bodies.ts';
import type { InputCase } from './input-case.ts';
import { answersQueue } from './oracle.ts';
import { storedClaim } from './variants.ts';

/** Any 16-bit units: control characters and lone halves of surrogate pairs too. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc
      .oneof(
        { weight: 3, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
      )
      .map((unit) => String.fromCharCode(unit)),
    maxLength,
  });

export const oddNames = fc.constantFrom(
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'prototype',
);

const count = fc.constantFrom(
  '-1',
  '1e9',
  'NaN',
  '',
  '3',
  '99999999999999999999',
  '9007199254740991',
);
const time = fc.constantFrom(
  '2999-01-01T00:00:00.000Z',
  '2001-01-01T00:00:00.000Z',
  'yesterday',
  // A Date takes both for days in 2001.
  '3',
  'March 7, 2001',
  '',
  '+275760-09-13T00:00:00.001Z',
  '9'.repeat(300),
);
const laterOrOdd = fc.oneof(
  { weight: 8, arbitrary: fc.constant('2999-01-01T00:00:00.000Z') },
  time,
);

const types = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      'Bad.Plain',
      'Bad.Checked',
      'Bad.CheckedLater',
      'Bad.Base',
      'Bad.Derived;Bad.Base',
      'Bad.MoreDerived;Bad.Derived;Bad.Base',
      'Bad.Ask',
      'Bad.Picky',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'Bad.Unhandled',
      'Bad.Answer',
      'Bad.Unknown',
      'bad.plain',
      'Bad.Plain ',
      ' Bad.Plain',
      ';;;Bad.Plain;;',
      'Bad.Plain, Bad.Base',
      'urn:message:Bad:Plain',
      ';',
      '',
      '__proto__',
      'constructor;__proto__',
      'X;'.repeat(5_000),
    ),
  },
  { weight: 1, arbitrary: anyText(40) },
);

const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'text/xml',
      'Application/JSON; charset=utf-8',
      ' application/json ;;',
      'application/jsonl',
      ';application/json',
      'application/octet-stream',
      '__proto__',
      'constructor',
    ),
  },
);

const replyTo = fc.constantFrom(
  answersQueue,
  answersQueue,
  answersQueue,
  '',
  'nowhere',
  '__proto__',
);
const claim = fc.constantFrom(
  storedClaim,
  'not-there',
  '../../etc/passwd',
  '',
  '.hidden',
  'a'.repeat(129),
);

/** Now and then a value; the shrinker leaves it out where it does not matter. */
const rarely = <Value>(arbitrary: fc.Arbitrary<Value>, in10 = 1): fc.Arbitrary<Value | undefined> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 10 - in10, arbitrary: fc.constant(undefined) },
    { weight: in10, arbitrary },
  );

const ownNames = fc.record({
  [headerNames.enclosedTypes]: fc.option(types, { nil: undefined, freq: 30 }),
  [headerNames.contentType]: rarely(contentType, 8),
  [headerNames.messageId]: rarely(anyText(80), 8),
  [headerNames.replyTo]: rarely(replyTo, 8),
  [headerNames.expiresAt]: rarely(laterOrOdd, 3),
  [headerNames.claim]: rarely(fc.oneof(claim, anyText(10))),
});

const framework = fc.dictionary(
  fc.constantFrom(
    headerNames.correlationId,
    headerNames.conversationId,
    headerNames.relatedTo,
    headerNames.intent,
    headerNames.timeSent,
    headerNames.originatingEndpoint,
    headerNames.failedQueue,
    headerNames.failureCode,
    headerNames.failureType,
    headerNames.failureStack,
    headerNames.failureHandler,
    headerNames.processingHost,
    headerNames.sagaId,
    headerNames.traceparent,
    headerNames.baggage,
  ),
  anyText(60),
  { maxKeys: 4, noNullPrototype: true },
);

const counts = fc.record(
  {
    [headerNames.delayedAttempts]: count,
    [headerNames.copy]: count,
    [headerNames.deliverAt]: time,
    [headerNames.replyExpiresAt]: time,
    [headerNames.partitionKey]: fc.oneof(oddNames, anyText(200)),
  },
  { requiredKeys: [] },
);

const foreign = fc.array(
  fc.tuple(
    fc.oneof(
      oddNames,
      fc.constantFrom('busbar-', 'busbar-unheard-of', 'BUSBAR-MESSAGE-ID', 'content-type', ''),
      anyText(20),
    ),
    fc.oneof(
      { weight: 9, arbitrary: anyText(60) },
      { weight: 1, arbitrary: fc.constant('v'.repeat(9_000)) },
    ),
  ),
  { maxLength: 4 },
);

/** Headers that a foreign or hostile sender may write. */
export const wireHeaders: fc.Arbitrary<Headers> = fc
  .tuple(ownNames, framework, rarely(counts, 4), foreign)
  .map(([own, others, numbers, strange]) =>
    // Defines its properties, so that `__proto__` is a name like any other.
    Object.fromEntries(
      [...strange, ...Object.entries({ ...others, ...numbers, ...own })].filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    ),
  );

/**
 * Messages as they can be given to a transport.
 *
 * @param withBare Whether there are some without any header, which only a broker that tells its ids can have tracked.
 */
export function wireCases(withBare = true): fc.Arbitrary<InputCase> {
  const dressed = fc.record({
    headers: wireHeaders,
    body: bodies,
    bare: fc.constant(false),
  });
  const naked = fc.record({ headers: fc.constant({}), body: bodies, bare: fc.constant(true) });
  return withBare
    ? fc.oneof({ weight: 60, arbitrary: dressed }, { weight: 1, arbitrary: naked })
    : dressed;
}
