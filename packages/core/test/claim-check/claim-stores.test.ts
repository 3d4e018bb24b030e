import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExpiringClaimStore, type Clock, directoryStore, memoryStore } from '@busbar/core';
import { afterAll, describe, expect, test } from 'vitest';

const body = new TextEncoder().encode('a large body');
const directories: string[] = [];

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'busbar-claims-'));
  directories.push(directory);
  return directory;
}

afterAll(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

class SetClock implements Clock {
  time = 1_000_000;
  now = (): number => this.time;
  monotonic = (): number => this.time;
  setTimer = (): never => {
    throw new Error('no timers here');
  };
}

const stores: Record<string, (clock: Clock) => Promise<ExpiringClaimStore>> = {
  memory: async (clock) => memoryStore({ clock }),
  directory: async (clock) => directoryStore(await emptyDirectory(), { clock }),
};

describe.each(Object.entries(stores))('the %s store', (_name, create) => {
  test('should give back what was put, untouched by what happens to either buffer', async () => {
    const store = await create(new SetClock());
    const given = body.slice();
    await store.put('order-1', given);
    given.fill(0);
    (await store.get('order-1')).fill(0);
    expect(await store.get('order-1')).toEqual(body);
  });

  test('should keep an empty body', async () => {
    const store = await create(new SetClock());
    await store.put('empty', new Uint8Array(0));
    expect(await store.get('empty')).toHaveLength(0);
  });

  test('should take the last of several bodies under one claim, whole', async () => {
    const store = await create(new SetClock());
    const bodies = Array.from({ length: 20 }, (_, index) => new Uint8Array(50_000).fill(index));
    await Promise.all(bodies.map((each) => store.put('same', each)));
    const kept = await store.get('same');
    expect(kept).toHaveLength(50_000);
    expect(new Set(kept).size).toBe(1);
  });

  test('should say which claim is not there', async () => {
    const store = await create(new SetClock());
    await expect(store.get('nothing')).rejects.toMatchObject({
      code: 'CLAIM_NOT_FOUND',
      details: { claim: 'nothing' },
    });
  });

  test.each(['../order-1', 'a/../../b', '.hidden', '', 'a\0b', 'a\\b'])(
    'should refuse %j as a name',
    async (claim) => {
      const store = await create(new SetClock());
      await expect(store.put(claim, body)).rejects.toMatchObject({ code: 'UNDECODABLE' });
      await expect(store.get(claim)).rejects.toMatchObject({ code: 'UNDECODABLE' });
    },
  );

  test('should remove only what has expired', async () => {
    const clock = new SetClock();
    const store = await create(clock);
    await store.put('soon', body, clock.time + 10);
    await store.put('late', body, clock.time + 20);
    await store.put('never', body);
    expect(await store.removeExpired()).toBe(0);
    clock.time += 10;
    expect(await store.removeExpired()).toBe(1);
    await expect(store.get('soon')).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND' });
    expect(await store.get('late')).toEqual(body);
    clock.time = Number.MAX_SAFE_INTEGER;
    expect(await store.removeExpired()).toBe(1);
    expect(await store.get('never')).toEqual(body);
  });
});

describe('the files of the directory store', () => {
  test('should be found by another process, body after a short head', async () => {
    const directory = await emptyDirectory();
    await directoryStore(directory).put('order-1', body);
    expect(await directoryStore(directory).get('order-1')).toEqual(body);
    const file = await readFile(join(directory, 'order-1.claim'));
    expect(new Uint8Array(file.subarray(12))).toEqual(body);
  });

  test('should come into being in a directory that does not exist yet', async () => {
    const directory = join(await emptyDirectory(), 'not', 'yet');
    const store = directoryStore(directory);
    expect(await store.removeExpired()).toBe(0);
    await store.put('order-1', body);
    expect(await readdir(directory)).toEqual(['order-1.claim']);
  });

  test('should not be read when a crash of another program cut them short', async () => {
    const directory = await emptyDirectory();
    await writeFile(join(directory, 'cut.claim'), 'BBC');
    const store = directoryStore(directory);
    await expect(store.get('cut')).rejects.toMatchObject({ code: 'UNDECODABLE' });
    expect(await store.removeExpired()).toBe(0);
  });

  test('should be left alone when they are not of the store', async () => {
    const directory = await emptyDirectory();
    const foreign = join(directory, 'readme.txt');
    await writeFile(foreign, 'keep me');
    const clock = new SetClock();
    clock.time = Number.MAX_SAFE_INTEGER;
    await directoryStore(directory, { clock }).removeExpired();
    expect(await readFile(foreign, 'utf8')).toBe('keep me');
  });

  test('should lose what a crash left unfinished, after a day', async () => {
    const directory = await emptyDirectory();
    const clock = new SetClock();
    const unfinished = join(directory, 'order-1.a.tmp');
    await writeFile(unfinished, 'BB');
    clock.time = Date.UTC(2026, 2, 1);
    const store = directoryStore(directory, { clock });
    await utimes(unfinished, clock.time / 1000, clock.time / 1000);
    await store.removeExpired();
    expect(await readdir(directory)).toEqual(['order-1.a.tmp']);
    clock.time += 24 * 3_600_000;
    await store.removeExpired();
    expect(await readdir(directory)).toEqual([]);
  });

  test('should leave nothing unfinished when a write fails', async () => {
    const directory = await emptyDirectory();
    const store = directoryStore(directory);
    await expect(store.put('order-1', 5 as unknown as Uint8Array)).rejects.toThrow();
    expect(await readdir(directory)).toEqual([]);
  });
});
