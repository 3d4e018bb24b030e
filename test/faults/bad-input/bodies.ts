import fc from 'fast-check';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const fitting = fc
  .record({ id: fc.string({ unit: 'binary', maxLength: 20 }), amount: fc.double() })
  .map(({ id, amount }) => JSON.stringify({ id, amount: Number.isFinite(amount) ? amount : 0 }));

const picky = fc.constantFrom(
  '{"a":{"b":{"c":1}}}',
  '{"a":{"b":null}}',
  '{"a":{"b":5}}',
  '{"a":"text"}',
  '{"a":null}',
);

const names = fc.constantFrom(
  '__proto__',
  '\\u005f_proto__',
  '__pro\\u0074o__',
  'constructor',
  'c\\u006fnstructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'toJSON',
  'then',
  'valueOf',
  'id',
  '',
);

const innards = fc.constantFrom(
  '1',
  'null',
  '"__proto__"',
  '{}',
  '{"polluted":true}',
  '{"prototype":{"polluted":true}}',
  '{"prototype":null}',
  '[{"prototype":1}]',
);

/** A key that a careless merge would follow into a prototype, somewhere in a message that fits otherwise. */
const dangerous = fc
  .tuple(names, innards, fc.array(fc.constantFrom('[', '{"in":'), { maxLength: 5 }))
  .map(([name, inner, around]) => {
    const closing = around.map((one) => (one === '[' ? ']' : '}')).reverse();
    return `{"id":"a","amount":1,"more":${around.join('')}{"${name}":${inner}}${closing.join('')}}`;
  });

const dangerousOutside = fc
  .tuple(names, innards)
  .map(([name, inner]) => `{"${name}":${inner},"id":"a","amount":1}`);

const deep = fc
  .tuple(
    fc.constantFrom(2, 50, 98, 99, 100, 101, 1_000, 20_000),
    fc.constantFrom('[', '{"a":'),
    fc.boolean(),
  )
  .map(([depth, open, closed]) => {
    const end = open === '[' ? ']' : '}';
    return `{"id":"a","amount":1,"deep":${open.repeat(depth)}1${closed ? end.repeat(depth) : ''}}`;
  });

const odd = fc.constantFrom(
  '',
  ' ',
  'null',
  'true',
  '1',
  '"text"',
  '[]',
  '[{"id":"a","amount":1}]',
  '{}',
  'NaN',
  '{"id":"a","amount":1e999}',
  '{"id":"a","amount":-0}',
  '{"id":"a","amount":1,"id":2}',
  '{"id":"a","amount":1,}',
  '{"id":"a",/**/"amount":1}',
  '\ufeff{"id":"a","amount":1}',
  '\ufeff\ufeff{"id":"a","amount":1}',
  '{"id":"\\ud800","amount":1}',
  '{"id":"a\u0000","amount":1}',
  '{"id":"a","amount":1}\u0000',
  '<order id="a"/>',
  'id=a&amount=1',
);

const anyJson = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));
const anyObject = fc
  .dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 })
  .map((value) => JSON.stringify(value));

const truncated = fc
  .tuple(fc.oneof(fitting, anyObject), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([text, at]) => {
    const bytes = utf8(text);
    return bytes.slice(0, Math.floor(bytes.length * at));
  });

const flipped = fc
  .tuple(fitting, fc.nat(), fc.integer({ min: 1, max: 255 }))
  .map(([text, at, mask]) => {
    const bytes = utf8(text);
    const index = at % bytes.length;
    bytes[index] = (bytes[index] ?? 0) ^ mask;
    return bytes;
  });

/** Up to twice the limit of {@link smallLimitBytes}, valid or not. */
const large = fc
  .tuple(fc.constantFrom(900, 1_100, 60_000, 70_000, 130_000), fc.boolean())
  .map(([size, valid]) => `{"id":"${'x'.repeat(size)}","amount":1${valid ? '}' : ''}`);

/** What the endpoint takes where its transport can be told. */
export const smallLimitBytes = 65_536;

export const bodies: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 8, arbitrary: fitting.map(utf8) },
  { weight: 2, arbitrary: picky.map(utf8) },
  { weight: 4, arbitrary: dangerous.map(utf8) },
  { weight: 3, arbitrary: dangerousOutside.map(utf8) },
  { weight: 2, arbitrary: deep.map(utf8) },
  { weight: 3, arbitrary: odd.map(utf8) },
  { weight: 2, arbitrary: anyJson.map(utf8) },
  { weight: 3, arbitrary: anyObject.map(utf8) },
  { weight: 3, arbitrary: truncated },
  { weight: 2, arbitrary: flipped },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: large.map(utf8) },
);
