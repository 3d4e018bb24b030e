import { describe, expect, test } from 'vitest';
import { Once } from '../../src/topology/once.ts';

describe('once', () => {
  test('should share what is under way, and remember what is done', async () => {
    const once = new Once<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    let starts = 0;
    const work = (): Promise<string> => {
      starts += 1;
      return promise;
    };
    const all = [once.do('key', work), once.do('key', work)];
    expect(once.result('key')).toBeUndefined();
    resolve('done');
    expect(await Promise.all(all)).toEqual(['done', 'done']);
    expect(once.result('key')).toBe('done');
    expect(await once.do('key', work)).toBe('done');
    expect(starts).toBe(1);
  });

  test('should do again what failed', async () => {
    const once = new Once<string>();
    const failing = once.do('key', () => Promise.reject(new Error('on purpose')));
    await expect(failing).rejects.toThrow('on purpose');
    expect(await once.do('key', async () => 'done')).toBe('done');
  });

  test('should not remember what began before it was told to forget', async () => {
    const once = new Once<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = once.do('key', () => promise);
    once.forget();
    const shared = once.do('key', async () => 'late');
    resolve('early');
    expect(await Promise.all([early, shared])).toEqual(['early', 'early']);
    expect(once.result('key')).toBeUndefined();
    expect(await once.do('key', async () => 'late')).toBe('late');
  });
});
