import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClaimStore,
  Command,
  MemoryBroker,
  defineRoutes,
  directoryStore,
  handler,
  memoryStore,
  memoryTransport,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

class StoreImage extends Command('Images.StoreImage')<{ name: string; data: string }> {}

const routes = defineRoutes({ images: [StoreImage] });
const large = new StoreImage({ name: 'large', data: 'x'.repeat(100_000) });
const small = new StoreImage({ name: 'small', data: 'x' });
const thresholdBytes = 10_000;

const stores: readonly [string, () => Promise<ClaimStore>][] = [
  ['memory', async () => memoryStore()],
  [
    'a directory',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'busbar-claims-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      return directoryStore(folder);
    },
  ],
];

describe.each(stores)('when bodies are large and claims are kept in %s', (_, makeStore) => {
  test('should carry the claim and hand the whole message to the handler', async () => {
    await using harness = createHarness();
    const claimCheck = { store: await makeStore(), thresholdBytes };
    const client = harness.endpoint('client', { routes, claimCheck });
    const images = { claimCheck, handlers: [handler(StoreImage, () => {})] };
    harness.endpoint('images', images);
    await harness.start();
    await client.send(large);
    await client.send(small);
    await harness.settled();
    expect(harness.handled(StoreImage).toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      large,
      small,
    ]);
    const [claimed, whole] = harness.outgoing;
    expect(claimed?.body.byteLength).toBe(0);
    expect(claimed?.headers['busbar-claim']).toMatch(/^[0-9a-f-]{36}$/);
    expect(whole?.headers).not.toHaveProperty('busbar-claim');
  });

  test('should keep the claim through retries, the error queue and a replay', async () => {
    await using harness = createHarness();
    let broken = true;
    const claimCheck = { store: await makeStore(), thresholdBytes };
    const images = harness.endpoint('images', {
      routes,
      claimCheck,
      handlers: [
        handler(StoreImage, () => {
          if (broken) throw new Error('disk full');
        }),
      ],
    });
    await harness.start();
    await images.send(large);
    await harness.settled();
    await harness.advance('1h');
    expect(harness.failures(StoreImage)).toHaveLength(24);
    expect(await harness.errorQueue()).toMatchObject([
      { headers: { 'busbar-claim': expect.any(String) as string }, failure: { attempts: 24 } },
    ]);
    broken = false;
    await harness.replay();
    await harness.settled();
    expect(harness.handled(StoreImage)).toEqual([large]);
  });

  test('should try again when the claim is not found, since it may be late', async () => {
    await using harness = createHarness();
    const store = await makeStore();
    let missing = 3;
    const images = harness.endpoint('images', {
      routes,
      claimCheck: {
        thresholdBytes,
        store: {
          name: 'late',
          put: (claim, body, expiresAt) => store.put(claim, body, expiresAt),
          get: (claim) => {
            missing -= 1;
            return store.get(missing >= 0 ? 'missing' : claim);
          },
        },
      },
      handlers: [handler(StoreImage, () => {})],
    });
    await harness.start();
    await images.send(large);
    await harness.settled();
    expect(harness.handled(StoreImage)).toEqual([large]);
    expect(harness.observed('failed').map(({ error }) => error)).toMatchObject(
      Array.from({ length: 3 }, () => ({ code: 'CLAIM_NOT_FOUND' })),
    );
  });
});

describe('when bodies are large', () => {
  test('should be refused without a claim check, with the way out', async () => {
    await using harness = createHarness();
    const transport = memoryTransport({ broker: new MemoryBroker(), maxBodyBytes: 10_000 });
    const images = harness.endpoint('images', { transport, routes });
    await harness.start();
    await expect(images.send(large)).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      help: 'Send less, or configure `claimCheck` so that large bodies travel outside the message.',
      details: { messageType: 'Images.StoreImage', maxBodyBytes: 10_000 },
    });
  });

  test('should be stored from the limit of the transport on, where no threshold is given', async () => {
    await using harness = createHarness();
    const transport = memoryTransport({ broker: new MemoryBroker(), maxBodyBytes: 10_000 });
    const received = Promise.withResolvers<StoreImage>();
    const images = harness.endpoint('images', {
      transport,
      routes,
      claimCheck: { store: memoryStore() },
      handlers: [handler(StoreImage, (message) => received.resolve(message))],
    });
    await harness.start();
    await images.send(large);
    expect(await received.promise).toEqual(large);
  });

  test('should go straight to the error queue where the receiver has no store', async () => {
    await using harness = createHarness();
    const claimCheck = { store: memoryStore(), thresholdBytes };
    const client = harness.endpoint('client', { routes, claimCheck });
    harness.endpoint('images', { handlers: [handler(StoreImage, () => {})] });
    await harness.start();
    await client.send(large);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { code: 'MISSING_CLAIM_CHECK', attempts: 1 } },
    ]);
  });

  test('should be removed from the store once nobody can ask for them any more', async () => {
    await using harness = createHarness();
    const store = memoryStore({ clock: harness.clock });
    const claims: string[] = [];
    const images = harness.endpoint('images', {
      routes,
      claimCheck: { store, thresholdBytes, keepFor: '12h' },
      handlers: [
        handler(StoreImage, (_, { headers }) => void claims.push(headers['busbar-claim'] ?? '')),
      ],
    });
    await harness.start();
    await images.send(large, { delay: '1d' });
    await harness.advance('1d');
    await harness.advance('11h');
    expect(await store.get(claims[0]!)).toBeDefined();
    await harness.advance('2h');
    await expect(store.get(claims[0]!)).rejects.toMatchObject({ code: 'CLAIM_NOT_FOUND' });
  });

  test('should not send anything when the store fails', async () => {
    await using harness = createHarness();
    const store: ClaimStore = {
      name: 'broken',
      put: () => Promise.reject(new Error('disk full')),
      get: () => Promise.reject(new Error('disk full')),
    };
    const images = harness.endpoint('images', {
      routes,
      recoverability: noRetries,
      claimCheck: { store, thresholdBytes },
    });
    await harness.start();
    await expect(images.send(large)).rejects.toThrow('disk full');
    expect(harness.outgoing).toEqual([]);
  });
});
