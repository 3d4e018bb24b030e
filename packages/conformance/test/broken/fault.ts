import type { ConnectionChange } from './altered.ts';

/** One way for a transport to be wrong, and the tests that must notice. */
export interface Fault {
  /** Completes "a transport that ...". */
  readonly what: string;
  /** Called for each test, so that a fault may keep something for its length. */
  readonly change: () => ConnectionChange;
  /** `scenario/test`. */
  readonly noticedBy: readonly string[];
}
