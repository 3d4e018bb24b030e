import { expect, test } from 'vitest';
import type { NativeMessageMapping } from '@busbar/sqs';
import { readMessage } from '../../src/message/read-message.ts';

const foreign = { MessageId: 'native', Body: 'text' };
const standard = { queue: 'queue', fifo: false };
const headers = { 'busbar-message-id': 'm' };
const body = Buffer.from('text');

const read = (mapped: unknown): ReturnType<typeof readMessage> =>
  readMessage(foreign, standard, (() => mapped) as NativeMessageMapping);

test.each([
  ['a promise', Promise.resolve({ headers, body }), /returned a promise/],
  ['no headers', { body }, /returned no object as `headers`/],
  ['no bytes', { headers, body: 'text' }, /returned no Uint8Array as `body`/],
  ['a header that is a number', { headers: { size: 3 }, body }, /a header "size" that is no text/],
  ['null', null, /returned no Uint8Array/],
])('a mapping that returns %s makes the message undecodable', (_what, mapped, reason) => {
  const { poison, body: kept } = read(mapped);
  expect(poison?.message).toMatch(reason);
  expect(Buffer.from(kept).toString()).toBe('text');
});

test('what a mapping returns is what is handled', () => {
  expect(read({ headers, body })).toEqual({ headers, body });
});

test("the rejection of an async mapping is nobody else's affair", async () => {
  const mapping = (async () => {
    throw new Error('on purpose');
  }) as unknown as NativeMessageMapping;
  expect(readMessage(foreign, standard, mapping).poison?.message).toMatch(/returned a promise/);
  await new Promise((resolve) => setImmediate(resolve));
});

test('the group of a native message in a FIFO queue is its partition key, unless the mapping has one', () => {
  const grouped = { ...foreign, Attributes: { MessageGroupId: 'account-1' } };
  const fifo = { queue: 'queue', fifo: true };
  const key = (queue: typeof fifo, more: Record<string, string> = {}): string | undefined =>
    readMessage(grouped, queue, ({ group }) => ({
      headers: { ...headers, 'x-group': group ?? 'none', ...more },
      body,
    })).headers['busbar-partition-key'];
  expect(key(fifo)).toBe('account-1');
  expect(key(fifo, { 'busbar-partition-key': 'own' })).toBe('own');
  expect(key(standard)).toBeUndefined();
  expect(readMessage(grouped, fifo, undefined).headers['busbar-partition-key']).toBe('account-1');
});
