import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/system-clock.ts';
import { checkClaimName } from './claim-name.ts';
import { claimNotFound } from './claim-not-found.ts';
import type { ExpiringClaimStore } from './claim-store.ts';

interface StoredBody {
  readonly body: Uint8Array;
  readonly expiresAt: number;
}

/** Keeps bodies in this process and loses them with it: for tests, and beside the in-memory transport. */
export function memoryStore(options: { readonly clock?: Clock } = {}): ExpiringClaimStore {
  const clock = options.clock ?? systemClock;
  const bodies = new Map<string, StoredBody>();
  return {
    name: 'memory',
    put: async (claim, body, expiresAt = Number.POSITIVE_INFINITY) => {
      checkClaimName(claim);
      bodies.set(claim, { body: body.slice(), expiresAt });
    },
    get: async (claim) => {
      checkClaimName(claim);
      const stored = bodies.get(claim);
      if (stored === undefined) throw claimNotFound(claim, 'the memory of this process');
      return stored.body.slice();
    },
    removeExpired: async () => {
      const now = clock.now();
      const expired = [...bodies].filter(([, stored]) => stored.expiresAt <= now);
      for (const [claim] of expired) bodies.delete(claim);
      return expired.length;
    },
  };
}
