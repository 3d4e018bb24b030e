import { Command, jsonSerializer } from '@busbar/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const { serialize, deserialize, contentType } = jsonSerializer();
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const undecodable = expect.objectContaining({ code: 'UNDECODABLE' }) as Error;

test('should say what it writes', () => {
  expect(contentType).toBe('application/json');
});

test('should give back every JSON object', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (value) => {
      fc.pre(!JSON.stringify(value).includes('__proto__'));
      const body = serialize(value);
      expect(deserialize(body)).toEqual(JSON.parse(JSON.stringify(value)));
      // A slice of a larger buffer, as transports hand them out.
      const padded = Buffer.concat([Buffer.from('xx'), body, Buffer.from('xx')]);
      const slice = new Uint8Array(padded.buffer, padded.byteOffset + 2, body.byteLength);
      expect(deserialize(slice)).toEqual(deserialize(body));
    }),
  );
});

describe('when reading', () => {
  test.each([
    ['nothing', new Uint8Array(), 'it is empty'],
    ['no JSON', utf8('{"a":'), 'it is not JSON'],
    ['no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'it is not UTF-8'],
    ['half a character', utf8('{"a":"ä"}').slice(0, 7), 'it is not UTF-8'],
    ['a key __proto__', utf8('{"a":[{"__proto__":{"x":1}}]}'), 'key __proto__'],
    ['a key __proto__ that holds no object', utf8('{"__proto__":1}'), 'key __proto__'],
    ['an escaped key', utf8('{"\\u005f_proto\\u005F_":{"x":1}}'), 'key __proto__'],
    [
      'a constructor with prototype',
      utf8('{"constructor":{"prototype":{}}}'),
      'constructor.prototype',
    ],
  ])('should refuse %s', (_what, body, reason) => {
    expect(() => deserialize(body)).toThrow(undecodable);
    expect(() => deserialize(body)).toThrow(reason);
  });

  test('should accept the same words as values, and a harmless constructor', () => {
    const text =
      '{"a":"__proto__","constructor":"Renault","b":{"constructor":{"id":1}},"prototype":{}}';
    expect(deserialize(utf8(text))).toEqual(JSON.parse(text));
  });

  test('should skip a byte order mark', () => {
    expect(deserialize(utf8('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });

  test('should leave it to its caller what the outermost value is', () => {
    expect(deserialize(utf8('null'))).toBeNull();
    expect(deserialize(utf8('"x"'))).toBe('x');
  });

  const nested = (depth: number) => utf8('['.repeat(depth) + ']'.repeat(depth));

  test('should accept nesting up to the limit and no deeper', () => {
    expect(() => deserialize(nested(100))).not.toThrow();
    expect(() => deserialize(nested(101))).toThrow('nested deeper than 100');
    const shallow = jsonSerializer({ maxDepth: 2 });
    expect(() => shallow.deserialize(utf8('{"a":{"b":1}}'))).not.toThrow();
    expect(() => shallow.deserialize(utf8('{"a":{"b":[]}}'))).toThrow('nested deeper than 2');
  });

  test.each([
    ['arrays', nested(1_000_000)],
    ['arrays that never end', utf8('['.repeat(1_000_000))],
    ['objects', utf8(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)],
    [
      'objects behind a wide start',
      utf8(`{"x":[${'{},'.repeat(1000)}${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}]}`),
    ],
  ])('should survive a bomb of %s', (_what, body) => {
    expect(() => deserialize(body)).toThrow(undecodable);
  });

  test('should refuse exactly what is too deep', () => {
    const { json } = fc.letrec<{ json: unknown }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 12 },
        fc.integer(),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', '[', '}'), tie('json'), { noNullPrototype: true }),
      ),
    }));
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
        : 0;
    const five = jsonSerializer({ maxDepth: 5 });
    fc.assert(
      fc.property(json, (value) => {
        const read = () => five.deserialize(utf8(JSON.stringify(value)));
        if (depthOf(value) > 5) expect(read).toThrow('nested deeper than 5');
        else expect(read()).toEqual(value);
      }),
    );
  });
});

describe('when writing', () => {
  class Order extends Command('Sales.PlaceOrder')<{ id: unknown }> {}
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;

  test.each([
    [
      'a BigInt',
      new Order({ id: 1n }),
      'Sales.PlaceOrder cannot be serialized: JSON cannot hold it: ',
    ],
    ['a cycle', new Order({ id: cycle }), 'Sales.PlaceOrder'],
    ['what is no message', { id: 1n }, 'Object'],
    ['a message that turns into text', { toJSON: () => 'x' }, 'its toJSON() gives no object'],
    [
      'a message that turns into nothing',
      { toJSON: () => undefined },
      'its toJSON() gives no object',
    ],
  ])('should refuse %s', (_what, value, text) => {
    expect(() => serialize(value)).toThrow(
      expect.objectContaining({ code: 'SERIALIZATION_FAILED' }) as Error,
    );
    expect(() => serialize(value)).toThrow(text);
  });

  test('should lose what JSON.stringify loses', () => {
    const body = serialize({
      a: undefined,
      b: Number.NaN,
      c: new Date(0),
      d: new Map([[1, 2]]),
      e() {},
    });
    expect(deserialize(body)).toEqual({ b: null, c: '1970-01-01T00:00:00.000Z', d: {} });
  });

  test('should write lone surrogates so that they can be read', () => {
    expect(deserialize(serialize({ a: '\ud800' }))).toEqual({ a: '\ud800' });
  });
});

test.each([0, -1, 1.5, 2000, Number.NaN, '5'])('should refuse a depth of %s', (maxDepth) => {
  expect(() => jsonSerializer({ maxDepth: maxDepth as number })).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIGURATION' }) as Error,
  );
});
