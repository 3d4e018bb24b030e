import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';

/** Sends one message every so many milliseconds, so that each finds the bus idle and waits for itself alone. */
export async function atLowRate(
  { first, size }: Pick<Ledger, 'first' | 'size'>,
  everyMs: number,
  send: (id: number) => Promise<void> | void,
): Promise<void> {
  for (let id = first; id < first + size; id += 1) {
    await send(id);
    if (everyMs > 0) await sleep(everyMs);
  }
}
