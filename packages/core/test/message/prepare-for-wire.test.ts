import { Command, type Serializer, definitionOf, jsonSerializer } from '@busbar/core';
import { expect, test } from 'vitest';
import { later, object } from '../types/schema.ts';
import { prepareForWire } from '../../src/message/prepare-for-wire.ts';

const json = jsonSerializer();
const schema = object({ id: 'string', at: 'date' });
class Unchecked extends Command('Test.Unchecked')<{ id: string }> {}
class Checked extends Command('Test.Checked', schema) {}
class Later extends Command('Test.Later', later(schema)) {}
const at = new Date(0);

test('should only serialize a message without schema', () => {
  const blind: Serializer = {
    ...json,
    deserialize() {
      throw new Error('nothing is read back');
    },
  };
  const body = prepareForWire(definitionOf(Unchecked), new Unchecked({ id: 'ä' }), blind);
  expect(body).toEqual(Buffer.from('{"id":"ä"}'));
});

test('should check what the receiver will see', () => {
  const body = prepareForWire(definitionOf(Checked), new Checked({ id: 'A-1', at }), json);
  expect(body).toEqual(Buffer.from('{"id":"A-1","at":"1970-01-01T00:00:00.000Z"}'));
  const broken = new Checked({ id: undefined as never, at });
  expect(() => prepareForWire(definitionOf(Checked), broken, json)).toThrow(
    'Test.Checked is not valid: id: expected a string',
  );
});

test('should wait for an asynchronous schema', async () => {
  const right = prepareForWire(definitionOf(Later), new Later({ id: 'A-1', at }), json);
  expect(right).toBeInstanceOf(Promise);
  expect(await right).toEqual(Buffer.from('{"id":"A-1","at":"1970-01-01T00:00:00.000Z"}'));
  await expect(prepareForWire(definitionOf(Later), { id: 1 }, json)).rejects.toThrow(
    'id: expected',
  );
});

test('should tell the sender of a body that no receiver would take', () => {
  const poisoned = { id: 'A-1', at, more: JSON.parse('{"__proto__":{}}') as object };
  expect(() => prepareForWire(definitionOf(Checked), poisoned, json)).toThrow(
    expect.objectContaining({ code: 'SERIALIZATION_FAILED' }) as Error,
  );
  expect(() => prepareForWire(definitionOf(Checked), poisoned, json)).toThrow('key __proto__');
});
