import { appendFileSync, readFileSync } from 'node:fs';
import { type AnyBehavior, behavior, headerNames } from '@busbar/core';

/** Writes down each message that comes, duplicates too, in a file that outlives the process however it ends. */
export function notedIn(file: string): AnyBehavior {
  return behavior('unwrap', 'notes what arrives', async ({ headers, body }, next) => {
    const type = (headers[headerNames.enclosedTypes] ?? '').split(';', 1)[0];
    const { order } = JSON.parse(Buffer.from(body).toString()) as { order: number };
    appendFileSync(file, `${order} ${type} ${headers[headerNames.messageId]}\n`);
    await next();
  });
}

/** How often what arrived under which ids. */
export interface Arrivals {
  readonly total: number;
  readonly ids: number;
  /** Messages that came under several ids: one was sent by an attempt that did not count. */
  readonly ambiguous: readonly string[];
}

/** Of one service: an event may go to several. */
export function readArrivals(files: readonly string[]): Arrivals {
  const ids = new Map<string, Set<string>>();
  let total = 0;
  for (const file of files) {
    // The last line may have been cut off with its process.
    for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      const [order, type, id = ''] = line.split(' ');
      const message = `${order} ${type}`;
      const known = ids.get(message) ?? new Set();
      ids.set(message, known.add(id));
      total += 1;
    }
  }
  const ambiguous = [...ids].filter(([, some]) => some.size > 1).map(([message]) => message);
  return { total, ids: ids.size, ambiguous };
}
