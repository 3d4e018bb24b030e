import assert from 'node:assert/strict';
import type { Headers } from '@busbar/core';
import { messageFrom } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';

export const whenHeadersDiffer = scenario(
  'when headers differ',
  {},
  {
    'should carry Unicode in names and values': (t) =>
      expectCarried(t, {
        'x-😀': '😁',
        'x-名前': '値',
        'x-имя': 'значение',
        'x-ñandú': 'ß ğ ø',
        'x-rtl': 'مرحبا',
        'x-combining': 'e\u0301',
      }),

    'should carry control characters, quotes and separators in values': (t) =>
      expectCarried(t, {
        'x-lines': 'one\r\ntwo\tthree',
        'x-quotes': `"double" 'single' \`back\``,
        'x-separators': 'a;b,c=d&e|f\\g',
      }),

    'should carry empty and blank values': (t) =>
      expectCarried(t, { 'x-empty': '', 'x-blank': '   ', 'x-padded': '  value ' }),

    'should carry long values': (t) => expectCarried(t, { 'x-long': 'long '.repeat(1_000) }),

    'should carry many headers': (t) =>
      expectCarried(
        t,
        Object.fromEntries(
          Array.from({ length: 60 }, (_, index) => [`x-header-${index}`, `value ${index}`]),
        ),
      ),

    'should carry names that every object has': (t) =>
      expectCarried(t, { constructor: 'value', toString: 'value', hasOwnProperty: 'value' }),

    'should keep upper and lower case apart from what it means': (t) =>
      expectCarried(t, { 'X-Mixed-Case': 'Value' }),

    'should carry what they were when dispatched': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const message = messageFrom({ headers: { 'x-custom': 'value' } });
      const headers = message.headers as Record<string, string>;
      await t.dispatch([{ message, destination: { kind: 'queue', queue } }]);
      headers['x-custom'] = 'changed by the sender';
      await t.receive(queue, (attempt) => inbox.add(attempt));
      const attempt = await inbox.has(1);
      assert.equal(attempt.headers['x-custom'], 'value');
    },
  },
);

async function expectCarried(t: ScenarioContext, headers: Headers): Promise<void> {
  const queue = await t.queue();
  const inbox = t.inbox();
  await t.send(queue, { headers });
  const stored = (await t.until(t.connection.queues.peek(queue, 1), 'a peek'))[0];
  await t.receive(queue, (attempt) => inbox.add(attempt));
  const attempt = await inbox.has(1);
  for (const [name, value] of Object.entries(headers)) {
    assert.equal(attempt.headers[name], value, `received header ${name}`);
    assert.equal(stored?.headers[name], value, `stored header ${name}`);
  }
}
