import type { Logger } from '../observability/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { ClaimCheckSettings } from './claim-check.ts';
import type { ClaimStore, ExpiringClaimStore } from './claim-store.ts';

const hourMs = 60 * 60 * 1_000;

/**
 * Removes expired bodies once an hour, where the store can and the configuration says how long they are kept. Several
 * endpoints may do so at once. A failure is logged; the next hour tries again.
 */
export function removeExpiredClaims(
  settings: ClaimCheckSettings | undefined,
  clock: Clock,
  logger: Logger,
): { stop(): void } {
  if (settings?.keepForMs === undefined || !isExpiring(settings.store)) return { stop() {} };
  const { store } = settings;
  let timer: Timer;
  const arm = (): void => {
    timer = clock.setTimer(() => {
      store.removeExpired().catch((error: unknown) => {
        logger.warn({ err: error, store: store.name }, 'Expired bodies could not be removed');
      });
      arm();
    }, hourMs);
  };
  arm();
  return { stop: () => timer.cancel() };
}

function isExpiring(store: ClaimStore): store is ExpiringClaimStore {
  return 'removeExpired' in store && typeof store.removeExpired === 'function';
}
