import { fromUrl, sqliteTransport } from '@busbar/sqlite';
import { describe, expect, test } from 'vitest';

describe('fromUrl', () => {
  test.each([
    ['sqlite:.busbar/dev.db', '.busbar/dev.db'],
    ['sqlite:/var/lib/shop.db', '/var/lib/shop.db'],
    ['sqlite:///var/lib/shop.db', '/var/lib/shop.db'],
    ['SQLITE:shop.db', 'shop.db'],
    ['sqlite:a%3Fb%25c%23d.db', 'a?b%c#d.db'],
    ['sqlite:shop.db?durability=normal&leaseMs=60000', 'shop.db'],
  ])('should read the file of %s', (url, file) => {
    expect(fromUrl(url).address).toBe(`sqlite:${file}`);
  });

  test.each([
    ['sqlite::memory:', /memory:/],
    ['sqlite:', /names no file/],
    ['sqlite:?durability=full', /names no file/],
    ['sqlite://shop.db', /sqlite:shop\.db/],
    ['sqlite:100%.db', /%25/],
    ['sqlite:a#b.db', /%23/],
    ['memory:', /does not begin with "sqlite:"/],
    ['sqlite:a.db?durability=quick', /'full' or 'normal'/],
    ['sqlite:a.db?leaseMs=soon', /whole number/],
    ['sqlite:a.db?pollMs=5000', /from 5 to 1000/],
    ['sqlite:a.db?leaseMs=200&leaseMs=300', /twice/],
  ])('should refuse %s', (url, message) => {
    expect(() => fromUrl(url)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('should refuse a parameter that does not exist, and list those that do', () => {
    expect(() => fromUrl('sqlite:a.db?timeout=5')).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_OPTION',
        message: expect.stringMatching(/"timeout".*durability, leaseMs, busyTimeoutMs, pollMs/),
      }),
    );
  });
});

describe('sqliteTransport', () => {
  test('should refuse an option that does not exist', () => {
    const options = { file: 'a.db', durable: true };
    expect(() => sqliteTransport(options)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_OPTION' }),
    );
  });

  test('should take undefined for the default', () => {
    const options = { file: 'a.db', leaseMs: undefined } as unknown as { file: string };
    expect(sqliteTransport(options).name).toBe('sqlite');
  });
});
