import fc from 'fast-check';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';
import { BrokerFault } from '../../src/broker/broker-fault.ts';
import { sqlAction } from '../../src/filters/rule-action.ts';
import { sqlFilter } from '../../src/filters/sql-filter.ts';
import { likePattern } from '../../src/filters/sql/like-pattern.ts';
import { plain } from '../../src/message/amqp-types.ts';
import { MessageContent } from '../../src/message/message-content.ts';

function message(): MessageContent {
  return MessageContent.decode(
    rhea.message.encode({
      message_id: 'id',
      subject: 'order.placed',
      group_id: 'session',
      application_properties: {
        n: 3,
        half: 0.5,
        text: "it's",
        path: 'a.b_c%',
        yes: true,
        no: false,
        'two words': 'x',
        at: new Date(0),
      },
      body: 'body',
    }),
  );
}

describe('SQL filters', () => {
  test.each([
    'n = 3',
    'n <> 4 AND n != 4',
    'n >= 3 AND n <= 3 AND NOT n > 3 AND NOT n < 3',
    'half = 0.5 AND half < 1e0 AND n = 0x3',
    'n + 1 * 2 = 5',
    '(n + 1) * 2 = 8',
    'n % 2 = 1 AND n / 2 = 1.5 AND -n = 0 - 3',
    "text = 'it''s'",
    "text + '!' = 'it''s!'",
    'yes = TRUE AND no = false AND yes',
    'n IN (1, 2, 3)',
    "n NOT IN (1, 2) AND text NOT IN ('x')",
    "path LIKE 'a.%' AND path LIKE '%b_c%' AND path NOT LIKE 'b%'",
    "path LIKE 'a.b!_c!%' ESCAPE '!'",
    "path NOT LIKE 'a.b!_!_%' ESCAPE '!'",
    'missing IS NULL AND n IS NOT NULL',
    'EXISTS(n) AND NOT EXISTS(missing)',
    'EXISTS (user.n) and user.n = 3',
    "sys.Label = 'order.placed' AND sys.MessageId = 'id' AND sys.SessionId = 'session'",
    "[two words] = 'x' AND \"two words\" = 'x'",
    'property(n) = 3 AND p(n) = 3',
    'missing = 1 OR n = 3',
    'n = 3 or missing = 1 and missing = 2',
    'NOT (n = 1 OR n = 2)',
    '@limit < n',
    '1=1',
  ])('should match: %s', (expression) => {
    expect(sqlFilter(expression, new Map([['@limit', 2]])).matches(message())).toBe(true);
  });

  test.each([
    'n = 4',
    "n = '3'",
    'missing = 1',
    'missing <> 1',
    'NOT missing = 1',
    'missing NOT IN (1)',
    "missing LIKE '%'",
    'n = NULL',
    'n',
    'n / 0 = 1',
    'text > 1',
    'n NOT IN (1, missing)',
    '1=0',
    "path LIKE 'A.%'",
  ])('should not match: %s', (expression) => {
    expect(sqlFilter(expression).matches(message())).toBe(false);
  });

  test.each([
    '',
    'n =',
    '= 3',
    'n = 3 3',
    '(n = 3',
    'n IN ()',
    'n IN 3',
    'n NOT 3',
    "text = 'open",
  ])('should refuse: %s', (expression) => {
    expect(() => sqlFilter(expression)).toThrow(BrokerFault);
  });

  test.each(['other.n = 1', 'sys.Nothing = 1', 'n = #', 'n IS 3', 'EXISTS(3)', '('.repeat(500)])(
    'should refuse: %s',
    (expression) => {
      expect(() => sqlFilter(expression)).toThrow(BrokerFault);
    },
  );

  test('should refuse, and never fail otherwise on, whatever text comes', () => {
    const words = fc.constantFrom(
      ...`n sys.Label = <> ( ) AND OR NOT IN LIKE IS NULL 'x' 1 - + , EXISTS @p [a] . ESCAPE % TRUE`.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 12 }).map((all) => all.join(' ')),
        ),
        (expression) => {
          try {
            sqlFilter(expression, new Map([['@p', 1]])).matches(message());
          } catch (error) {
            expect(error).toBeInstanceOf(BrokerFault);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('LIKE', () => {
  test('should agree with a regular expression of the same meaning', () => {
    const pattern = fc.stringMatching(/^[ab%_]{0,8}$/);
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[ab]{0,10}$/), (like, text) => {
        const expression = new RegExp(`^${like.replaceAll('%', '.*').replaceAll('_', '.')}$`);
        expect(likePattern(like)(text)).toBe(expression.test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('should not take longer for a pattern that is made to take long', () => {
    const matches = likePattern(`${'%a'.repeat(400)}b`);
    expect(matches('a'.repeat(20_000))).toBe(false);
  });
});

describe('SQL actions', () => {
  test('should set and remove properties with the types of their values', () => {
    const content = message();
    sqlAction(
      "SET n = n + 1; SET big = n * 1.5; SET label = 'x' + text; REMOVE yes; SET sys.Label = 'changed'; SET sys.MessageId = newid();",
    ).apply(content);
    const properties = Object.fromEntries(
      [...content.applicationProperties].map(([name, value]) => [name, plain(value)]),
    );
    expect(properties).toMatchObject({ n: 4, big: 6, label: "xit's" });
    expect(properties).not.toHaveProperty('yes');
    expect(content.property('subject')).toBe('changed');
    expect(content.messageId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    'SET',
    'SET n',
    'n = 1',
    'REMOVE',
    'REMOVE sys.Label',
    'SET n = 1 SET m = 2',
    'SET 3 = n',
  ])('should refuse: %s', (expression) => {
    expect(() => sqlAction(expression)).toThrow(BrokerFault);
  });
});
