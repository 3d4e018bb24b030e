import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Usage } from './usage.ts';

/** The second process of a scenario, as the first one sees it. */
export interface Partner {
  run(ids: { readonly first: number; readonly size: number }): Promise<void>;
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

/** What is asked of a partner, one thing at a time; it answers each with a {@link Usage}. */
export type PartnerOrder =
  | { readonly kind: 'run'; readonly first: number; readonly size: number }
  | { readonly kind: 'usage' }
  | { readonly kind: 'close' };

/** @param names The scenario, the subject and the directory. */
export function openPartner(names: readonly string[]): Partner {
  const script = join(import.meta.dirname, `partner-main${import.meta.filename.slice(-3)}`);
  const child = fork(script, names);
  const ask = async (order: PartnerOrder): Promise<Usage> => {
    child.send(order);
    return answer(child);
  };
  return {
    run: async ({ first, size }) => void (await ask({ kind: 'run', first, size })),
    usage: () => ask({ kind: 'usage' }),
    close: async () => void (await ask({ kind: 'close' })),
  };
}

async function answer(child: ChildProcess): Promise<Usage> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('The partner process ended early.');
  });
  const [usage] = (await Promise.race([once(child, 'message'), ended])) as [Usage];
  return usage;
}
