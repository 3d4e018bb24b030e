import { setTimeout as sleep } from 'node:timers/promises';

/** A quorum queue that was declared less than two seconds before its broker is killed is dead for good. */
export function settleAfterDeclaring(): Promise<void> {
  return sleep(2_500);
}
