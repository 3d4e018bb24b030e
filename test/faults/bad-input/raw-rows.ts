import { DatabaseSync } from 'node:sqlite';
import type { Headers } from '@busbar/core';
import fc from 'fast-check';
import { bodies } from './bodies.ts';
import type { InputCase } from './input-case.ts';
import { wireHeaders } from './wire-cases.ts';

/** How the headers of a row are damaged. */
type Damage =
  | { readonly kind: 'none' | 'cut' | 'values' }
  | { readonly kind: 'replaced'; readonly text: string };

/** The columns beside headers and body. */
interface RowColumns {
  readonly damage: Damage;
  readonly state: number;
  readonly dueAt: bigint;
  readonly visibleAt: bigint;
  readonly deliveryCount: bigint;
  readonly alone: bigint;
  readonly lane: string | null;
  readonly expiresAt: bigint | null;
  /** Where the body is: in the row, in its own table, or nowhere. */
  readonly place: 'inline' | 'apart' | 'nowhere';
}

const largest = 2n ** 63n - 1n;
/** What the column says of a message whose holder died while it was handled alone. */
const diedAlone = 2n;
/** From this many deliveries on a message is handled alone. */
const suspicionAfter = 5n;

const integers = fc.constantFrom(
  0n,
  1n,
  -1n,
  6n,
  2n ** 31n,
  2n ** 53n,
  -(2n ** 60n),
  largest,
  -largest,
);

const damages: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Damage>({ kind: 'none' }) },
  { weight: 2, arbitrary: fc.constantFrom<Damage>({ kind: 'cut' }, { kind: 'values' }) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '',
        'null',
        'true',
        '1',
        '"text"',
        '[]',
        '[["a","b"]]',
        '{',
        '\u0000',
        "{'a':'b'}",
        '{"a":null}',
        '{"a":{}}',
        '{"__proto__":{"polluted":1}}',
        '['.repeat(20_000),
        'é\ufffd',
      )
      .map((text): Damage => ({ kind: 'replaced', text })),
  },
);

const columns: fc.Arbitrary<RowColumns> = fc.record({
  damage: damages,
  state: fc.constantFrom(0, 0, 0, 1, 2),
  dueAt: integers,
  visibleAt: fc.constantFrom(0n, 1n, -1n, -largest),
  deliveryCount: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: integers },
  ),
  alone: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: fc.constant(diedAlone) },
    { weight: 1, arbitrary: integers },
  ),
  lane: fc.constantFrom(null, null, '', '__proto__', 'x'),
  expiresAt: fc.oneof(fc.constant(null), integers),
  place: fc.constantFrom('inline', 'inline', 'apart', 'nowhere'),
});

/** Rows of the messages' table with anything in them that its constraints allow. */
export const rowCases: fc.Arbitrary<InputCase> = fc
  .record({ headers: wireHeaders, body: bodies, native: columns })
  .map(({ headers, body, native }) => {
    const readable = native.damage.kind === 'none';
    const crashed = native.alone === diedAlone && native.deliveryCount >= suspicionAfter;
    const refusedAs = readable ? (crashed ? 'CRASH_LOOP' : undefined) : 'UNDECODABLE';
    return {
      headers,
      body: native.place === 'nowhere' ? new Uint8Array(0) : body,
      bare: false,
      native,
      readable: (written: Headers) => readableOf(written, native.damage),
      ...(refusedAs !== undefined && { refusedAs }),
    };
  });

const sound: RowColumns = {
  damage: { kind: 'none' },
  state: 0,
  dueAt: 0n,
  visibleAt: 0n,
  deliveryCount: 0n,
  alone: 0n,
  lane: null,
  expiresAt: null,
  place: 'inline',
};

/** Writes the rows as one transaction of a connection of its own. */
export function writeRows(
  file: string,
  queue: string,
  cases: readonly InputCase[],
): readonly string[] {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
    const { id } = database.prepare('SELECT id FROM busbar_queues WHERE name = ?').get(queue) as {
      id: number;
    };
    const insert = database.prepare(
      `INSERT INTO busbar_messages (queue_id, state, visible_at, due_at, delivery_count, alone, lane, expires_at, headers, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const insertBody = database.prepare('INSERT INTO busbar_bodies (seq, body) VALUES (?, ?)');
    const seqs = cases.map(({ headers, body, native = sound }) => {
      const row = native as RowColumns;
      const { lastInsertRowid } = insert.run(
        id,
        row.state,
        row.visibleAt,
        row.dueAt,
        row.deliveryCount,
        row.alone,
        row.lane,
        row.expiresAt,
        headersText(headers, row.damage),
        row.place === 'inline' ? body : null,
      );
      if (row.place === 'apart') insertBody.run(lastInsertRowid, body);
      return String(lastInsertRowid);
    });
    database.exec('COMMIT');
    return seqs;
  } finally {
    database.close();
  }
}

function headersText(headers: Headers, damage: Damage): string {
  const text = JSON.stringify(headers);
  switch (damage.kind) {
    case 'none':
      return text;
    case 'cut':
      return text.slice(0, -1);
    case 'values':
      return `${text.slice(0, -1)},"x-number":1,"x-object":{"a":[null]},"x-null":null}`;
    case 'replaced':
      return damage.text;
  }
}

/** What of the headers of a row can be read: where a value is no string, its JSON text. */
function readableOf(headers: Headers, damage: Damage): Headers {
  if (damage.kind === 'none') return headers;
  if (damage.kind === 'values') {
    return { ...headers, 'x-number': '1', 'x-object': '{"a":[null]}', 'x-null': 'null' };
  }
  if (damage.kind === 'replaced' && damage.text.startsWith('{"')) {
    return Object.fromEntries(
      Object.entries(JSON.parse(damage.text) as object).map(([name, value]) => [
        name,
        JSON.stringify(value),
      ]),
    );
  }
  return {};
}
