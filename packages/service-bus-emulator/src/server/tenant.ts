import type { BrokerClock } from '../clock/broker-clock.ts';
import type { Namespace } from '../broker/namespace.ts';
import type { Changes } from '../control/changes.ts';
import type { FaultPlan } from '../control/fault-plan.ts';

/** A namespace with what a test can do to it. */
export interface Tenant {
  readonly namespace: Namespace;
  readonly clock: BrokerClock;
  readonly faults: FaultPlan;
  /** Told of whatever may have changed the namespace. */
  readonly changes: Changes;
}

/** By the name of the key that a client shows; the default one for a client that has not shown any. */
export type TenantOf = (keyName: string | undefined) => Tenant;
