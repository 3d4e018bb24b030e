import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { readHeaders } from '../src/store/stored-headers.ts';
import { connect } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

test('should take a flat map of strings as it is', () => {
  expect(readHeaders('{"a":"1","b":""}')).toEqual({ headers: { a: '1', b: '' } });
});

test.each(['', '{', 'null', '5', '"text"', '[]', '["a"]', 'true'])(
  'should tell that %j is no map',
  (text) => {
    const { headers, problem } = readHeaders(text);
    expect(headers).toEqual({});
    expect(problem).toMatchObject({ code: 'UNDECODABLE' });
  },
);

test('should keep what can be kept of a map that holds more than strings', () => {
  const { headers, problem } = readHeaders('{"id":7,"kept":"yes","of":{"a":[1]},"none":null}');
  expect(headers).toEqual({ id: '7', kept: 'yes', of: '{"a":[1]}', none: 'null' });
  expect(problem).toMatchObject({ code: 'UNDECODABLE' });
});

test.each(['null', '[]', '{"busbar-message-id":7}', '{"busbar-partition-key":{}}', '{'])(
  'should hand over a row with the headers %s as poison, and go on',
  async (headers) => {
    using file = temporaryFile();
    await using connection = await connect({ file: file.path });
    // Ordered later, so that the key is read from the row too.
    await connection.queues.provision([{ name: 'in' }]);
    const database = new DatabaseSync(file.path);
    database
      .prepare(
        `INSERT INTO busbar_messages (queue_id, state, visible_at, due_at, headers, body)
         SELECT id, 0, 1, 1, ?, x'00' FROM busbar_queues`,
      )
      .run(headers);
    database.close();
    const codes: unknown[] = [];
    const both = Promise.withResolvers<void>();
    const receiver = connection.createReceiver({
      queue: 'in',
      concurrency: 1,
      ordered: true,
      suspicionAfter: 50,
    });
    const note = (code: unknown): void => {
      codes.push(code);
      if (codes.length === 2) both.resolve();
    };
    await connection.dispatch([toQueue('in', { id: 'good' })]);
    await receiver.start(
      async ({ delivery }) => {
        if (delivery.poison !== undefined) throw delivery.poison;
        note(delivery.headers['busbar-message-id']);
        return 'settle';
      },
      async ({ error }) => {
        note((error as { code?: unknown }).code);
        return { action: 'settle' };
      },
    );
    await within(both.promise, 'both messages', 10_000);
    expect(codes).toEqual(['UNDECODABLE', 'good']);
  },
);
