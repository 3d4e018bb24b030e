import { BusbarError, type Transport } from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import {
  type ConnectionChange,
  alteredCallbacks,
  alteredTransport,
} from '../../../packages/conformance/test/broken/altered.ts';

/** What a process whose transport is broken is told. */
export interface BrokenChild {
  readonly file: string;
  readonly leaseMs: number;
  readonly fault: keyof typeof childFaults;
}

/** Ways to be wrong that only show when a process dies. */
export const childFaults = {
  none: () => ({}),

  'acknowledges before the handler has ended': alteredCallbacks(({ onMessage }) => ({
    onMessage: async (attempt) => {
      onMessage(attempt).catch(() => {});
      return 'settle';
    },
  })),

  'blames every message that was there when a process died': alteredCallbacks(({ onMessage }) => ({
    onMessage: (attempt) => {
      if (attempt.delivery.deliveryCount === 1) return onMessage(attempt);
      throw new BusbarError('CRASH_LOOP', 'The process died.');
    },
  })),

  'hands a key on before its first message has ended': alteredCallbacks(({ onMessage }) => ({
    onMessage: async (attempt) => {
      const handling = onMessage(attempt);
      handling.catch(() => {});
      await Promise.race([handling, new Promise((resolve) => setImmediate(resolve))]);
      return 'settle';
    },
  })),
} satisfies Record<string, ConnectionChange>;

export function childTransport(argument: unknown): Transport {
  const { file, leaseMs, fault } = argument as BrokenChild;
  return alteredTransport(sqliteTransport({ file, leaseMs }), childFaults[fault]);
}
