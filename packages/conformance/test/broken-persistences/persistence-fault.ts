import type { PersistenceHost } from '@busbar/core';
import type { PersistenceChange } from './altered-persistence.ts';

/** One way for a persistence to be wrong, and the tests that must notice. */
export interface PersistenceFault {
  /** Completes "a persistence that ...". */
  readonly what: string;
  /** Called for each test, so that a fault may keep something for its length. */
  readonly change: () => PersistenceChange;
  /** What it takes its host for. @default what it was given */
  readonly host?: (host: PersistenceHost) => PersistenceHost;
  /** How long it remembers handled messages, in milliseconds. @default as it says */
  readonly keepMs?: number;
  /** `scenario/test`. */
  readonly noticedBy: readonly string[];
}
