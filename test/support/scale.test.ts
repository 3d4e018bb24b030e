import { afterEach, describe, expect, test, vi } from 'vitest';
import { scaled, scales } from './scale.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the scaled scenarios', () => {
  test.each(Object.entries(scales))('%s should keep a twentieth of its full size', (_, scale) => {
    expect(scale.short).toBeGreaterThanOrEqual(scale.full / 20);
    expect(scale.short).toBeLessThanOrEqual(scale.full);
  });

  test('should be short unless the full size is asked for', () => {
    vi.stubEnv('BUSBAR_SCALE', undefined);
    expect(scaled('conformance-leak')).toBe(scales['conformance-leak'].short);
    vi.stubEnv('BUSBAR_SCALE', 'full');
    expect(scaled('conformance-leak')).toBe(scales['conformance-leak'].full);
  });

  test('should refuse a size that does not exist', () => {
    vi.stubEnv('BUSBAR_SCALE', 'huge');
    expect(() => scaled('bad-input')).toThrow(/"short".*"full"/);
  });
});
