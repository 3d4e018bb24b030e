import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import type { DispatchResult, TransportOperation } from '../transport/operations.ts';
import { pause } from '../time/clock.ts';
import { throwUnlessConfirmed } from './dispatch-stage.ts';

/** How long a queue that was there is taken to be there. */
const knownForMs = 60_000;
const mostKnown = 1_000;
/** A broker that does not answer is the outbox's affair: the commit does not wait for it. */
const patienceMs = 2_000;

/**
 * Finds out before a commit that a queue does not exist: the attempt fails then with nothing done. What goes missing
 * later is found by the dispatch.
 *
 * @throws BusbarError UNDELIVERABLE, from what is returned
 */
export function createDestinationCheck({
  clock,
  connection,
}: Pick<EndpointServices, 'clock' | 'connection'>): (
  operations: readonly TransportOperation[],
) => Promise<void> {
  const knownUntil = new Map<string, number>();

  const missingOf = async (queues: readonly string[]): Promise<readonly string[]> => {
    const given = new AbortController();
    try {
      return await Promise.race([
        connection.queues.missing(queues),
        pause(clock, patienceMs, given.signal).then(() => queues.slice(0, 0)),
      ]);
    } catch {
      // Nobody can tell for now.
      return [];
    } finally {
      given.abort();
    }
  };

  return async (operations) => {
    const now = clock.monotonic();
    const unsure = new Set<string>();
    for (const { destination } of operations) {
      if (destination.kind !== 'queue') continue;
      if ((knownUntil.get(destination.queue) ?? -Infinity) <= now) unsure.add(destination.queue);
    }
    if (unsure.size === 0) return;
    const missing = new Set(await missingOf([...unsure]));
    if (knownUntil.size > mostKnown) knownUntil.clear();
    for (const queue of unsure) if (!missing.has(queue)) knownUntil.set(queue, now + knownForMs);
    if (missing.size === 0) return;
    const results = operations.map(({ destination }): DispatchResult => {
      if (destination.kind === 'topic' || !missing.has(destination.queue)) {
        return { outcome: 'confirmed' };
      }
      return { outcome: 'undeliverable', reason: 'The queue does not exist.' };
    });
    throwUnlessConfirmed(operations, results);
  };
}
