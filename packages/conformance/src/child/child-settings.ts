import type { ChildTransport } from '../support/harness.ts';

/** What a consumer process is told, as JSON. */
export interface ChildSettings extends ChildTransport {
  readonly queue: string;
  readonly concurrency: number;
  readonly suspicionAfter: number;
  /** @default false */
  readonly ordered?: boolean;
  /** Where messages go that failed for good. */
  readonly errorQueue?: string;
  /** `hang` never returns from a handler. */
  readonly handler: 'hang' | 'handle';
}

/** What it tells its parent. */
export interface ChildReport {
  readonly kind: 'started' | 'handling' | 'handled' | 'failed';
  /** The logical id; empty for `started`. */
  readonly id: string;
  /** The code of the error that a message failed with. */
  readonly code?: string;
}

/** A message with this header kills the process that handles it. */
export const killerHeader = 'x-kills';
