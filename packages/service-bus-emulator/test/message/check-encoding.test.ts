import fc from 'fast-check';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';
import { checkEncoding } from '../../src/message/check-encoding.ts';
import { MalformedMessage } from '../../src/message/malformed-message.ts';
import { MessageContent } from '../../src/message/message-content.ts';

function complaintAbout(...bytes: number[]): string {
  try {
    checkEncoding(Buffer.from(bytes), 0, bytes.length);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedMessage);
    return String(error);
  }
}

describe('what an encoding says of itself', () => {
  test('should be believed when it is what rhea writes', () => {
    // rhea cannot write all of the others.
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    const value = fc.oneof(fc.string(), fc.integer(), number, fc.boolean(), fc.constant(null));
    const properties = fc.dictionary(fc.string({ minLength: 1, maxLength: 300 }), value);
    fc.assert(
      fc.property(properties, fc.uint8Array(), fc.array(value), (map, bytes, list) => {
        for (const body of [rhea.message.data_section(Buffer.from(bytes)), list]) {
          const encoded = rhea.message.encode({ application_properties: map, body });
          expect(checkEncoding(encoded, 0, encoded.length)).toBe(encoded.length);
          const content = MessageContent.decode(encoded);
          expect(
            content.encode({ deliveryCount: 0, annotations: new Map() }).length,
          ).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('should not be believed when it is an array of four billion nulls', () => {
    expect(complaintAbout(0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40)).toContain('more than');
    expect(complaintAbout(0xd0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40)).toContain('too early');
  });

  test.each([
    ['a string that is longer than the rest', [0xa1, 200, 0x61], 'too early'],
    ['a type that there is not', [0x10, 0, 0, 0, 0, 0], 'no type 0x10'],
    ['descriptors of descriptors', Array.from({ length: 500 }, () => 0), 'nested too deeply'],
    ['lists of lists', Array.from({ length: 200 }, () => [0xc0, 2, 1]).flat(), 'nested too deeply'],
    ['nothing where a value was announced', [0x00], 'too early'],
  ])('should not be believed when it has %s', (_what, bytes, text) => {
    expect(complaintAbout(...bytes)).toContain(text);
  });

  test('should be refused, and never fail otherwise, when it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          MessageContent.decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
