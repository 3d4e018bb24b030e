import type { SendOptions } from '@busbar/core';
import fc from 'fast-check';
import { anyText, oddNames } from './wire-cases.ts';

const large = fc.constantFrom(1_000, 300_000, 1_100_000).map((size) => '\u0001'.repeat(size));
const noText = fc.constantFrom<unknown>(5, true, {}, [], Symbol('id'), 5n, null);

const ids = fc.oneof(
  { weight: 6, arbitrary: anyText(250) },
  { weight: 2, arbitrary: oddNames },
  { weight: 1, arbitrary: noText },
);

const headerNames = fc.oneof(
  { weight: 4, arbitrary: anyText(30) },
  { weight: 2, arbitrary: oddNames },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'busbar-message-id',
      'busbar-',
      'traceparent',
      'X-A',
      '1',
      'a;b',
    ),
  },
);
const headerValues = fc.oneof(
  { weight: 30, arbitrary: anyText(100) },
  { weight: 1, arbitrary: large },
  { weight: 2, arbitrary: noText },
);
const headers = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .array(fc.tuple(headerNames, headerValues), { maxLength: 5 })
      .map((entries): unknown => Object.fromEntries(entries)),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 'a=b', 5, ['a'], true) },
);

const durations = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    -0,
    -1,
    0.1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MAX_SAFE_INTEGER,
    8.64e15,
    1e300,
    '0s',
    '1ms',
    '10d',
    '99999999d',
    '999999999999999999d',
    '1 s',
    '-1s',
    '',
    'soon',
    null,
    {},
    5n,
  ),
  fc.double(),
);

const dates = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.constantFrom<unknown>(
    new Date(Number.NaN),
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(0),
    new Date(Date.now() + 3_600_000),
    '2030-01-01',
    1_900_000_000_000,
    null,
    {},
  ),
);

const destinations = fc.oneof(
  anyText(20),
  oddNames,
  fc.constantFrom('', 'odd', 'x'.repeat(10_000)),
);

const rarely = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary },
  );

/** Options as a caller can give them who has no types, or data from somewhere else. */
export const absurdOptions: fc.Arbitrary<SendOptions> = fc
  .record({
    messageId: fc.option(ids, { nil: undefined }),
    partitionKey: fc.option(ids, { nil: undefined }),
    headers: fc.option(headers, { nil: undefined }),
    timeToBeReceived: rarely(durations),
    delay: rarely(durations),
    deliverAt: rarely(dates),
    destination: rarely(destinations),
  })
  .map(
    (options) =>
      Object.fromEntries(
        Object.entries(options).filter(([, value]) => value !== undefined),
      ) as SendOptions,
  );
