import { BrokerClock } from '../clock/broker-clock.ts';
import type { BrokerFault } from '../broker/broker-fault.ts';
import type { Limits } from '../broker/limits.ts';
import { MemoryBudget } from '../broker/memory-budget.ts';
import { Namespace } from '../broker/namespace.ts';
import { Changes } from '../control/changes.ts';
import { FaultPlan } from '../control/fault-plan.ts';
import type { Tenant } from './tenant.ts';

export interface TenantsOptions {
  readonly limits: Limits;
  /** Whether each key name has a namespace of its own. */
  readonly isolated: boolean;
  readonly defaultKeyName: string;
  readonly detachLinks: (namespace: Namespace, address: string, reason: BrokerFault) => void;
}

/** The namespaces of the emulator: one, or one for each key name that a client shows. */
export class Tenants {
  readonly #options: TenantsOptions;
  readonly #budget: MemoryBudget;
  readonly #tenants = new Map<string, Tenant>();

  constructor(options: TenantsOptions) {
    this.#options = options;
    this.#budget = new MemoryBudget('emulator', () => options.limits.memory);
  }

  get(keyName: string | undefined): Tenant {
    const { isolated, defaultKeyName } = this.#options;
    const name = isolated ? (keyName ?? defaultKeyName) : defaultKeyName;
    let tenant = this.#tenants.get(name);
    if (tenant === undefined) {
      tenant = this.#open(name);
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }

  stop(): void {
    for (const { clock } of this.#tenants.values()) clock.stop();
  }

  #open(name: string): Tenant {
    const { limits, detachLinks } = this.#options;
    const changes = new Changes();
    const clock = new BrokerClock(() => {
      changes.tell();
    });
    const namespace: Namespace = new Namespace({
      name,
      clock,
      limits,
      budget: this.#budget,
      onGone: (address, reason) => {
        detachLinks(namespace, address, reason);
      },
    });
    return { namespace, clock, faults: new FaultPlan(), changes };
  }
}
