import { urlOptions } from '@busbar/core';
import { describe, expect, test } from 'vitest';

const reading = { url: 'The URL of the shop', names: ['host', 'port'] };

describe('urlOptions', () => {
  test('should take whole numbers for numbers, and all else as it stands', () => {
    expect(urlOptions('host=eu%2Dwest&port=5672', reading)).toEqual({
      host: 'eu-west',
      port: 5672,
    });
    expect(urlOptions(new URLSearchParams({ port: '-1' }), reading)).toEqual({ port: '-1' });
    expect(urlOptions('', reading)).toEqual({});
  });

  test('should have values read as an adapter says', () => {
    const read = (name: string, text: string): string => `${name} ${text}`;
    expect(urlOptions('port=1', { ...reading, read })).toEqual({ port: 'port 1' });
  });

  test('should name a parameter that there is not, and those that there are', () => {
    expect(() => urlOptions('prot=1', reading)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_OPTION',
        message: expect.stringContaining('The URL of the shop has the parameter "prot".'),
        help: 'The parameters are host, port.',
      }),
    );
  });

  test('should not choose between two values', () => {
    expect(() => urlOptions('port=1&port=2', reading)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringContaining('The URL of the shop has the parameter "port" twice.'),
      }),
    );
  });
});
