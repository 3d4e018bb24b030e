import { BrokerFault } from '../broker/broker-fault.ts';

/** What a client does, as far as a test may want it to fail. */
export type Operation =
  /** put-token on `$cbs`: a client's first request, for each link */
  | 'authorize'
  /** opening a link to send or to receive */
  | 'attach'
  /** sending a message or a batch */
  | 'send'
  /** completing, abandoning, deferring and dead-lettering */
  | 'settle'
  /** requests on `$management`: renew, schedule, cancel, peek, deferred, sessions, rules */
  | 'manage'
  /** requests of the administration client, over HTTP */
  | 'administer';

/** Which operations fail, and how. */
export interface PlannedFault {
  /** What the client does. */
  readonly operation: Operation;
  /** How many operations fail. @default 1 */
  readonly times?: number;
  /** Only operations on this entity and what lies below it. @default any */
  readonly entity?: string;
  /** AMQP error condition that the client is told. @default 'com.microsoft:server-busy' */
  readonly condition?: string;
  /** Status of the response over HTTP and on `$cbs` and `$management`. @default 503 */
  readonly status?: number;
  /** @default 'A test asked for this failure.' */
  readonly description?: string;
  /** Does what was asked, and only then fails: the client cannot know. @default false */
  readonly afterwards?: boolean;
  /** Ends the connection in place of an answer. @default false */
  readonly dropConnection?: boolean;
}

/** Thrown where the answer is that there is none any more. */
export class ConnectionDropped extends Error {
  override readonly name = 'ConnectionDropped';
}

/** The failures that a test has ordered and that have not happened yet. */
export class FaultPlan {
  #planned: { fault: PlannedFault; left: number }[] = [];

  add(fault: PlannedFault): void {
    this.#planned.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#planned = [];
  }

  get pending(): number {
    return this.#planned.reduce((sum, { left }) => sum + left, 0);
  }

  /**
   * Performs the action unless a planned fault is due.
   *
   * @throws BrokerFault, ConnectionDropped
   */
  perform<T>(operation: Operation, entity: string, action: () => T): T {
    const fault = this.#take(operation, entity);
    if (fault === undefined) return action();
    if (fault.afterwards === true) action();
    if (fault.dropConnection === true) throw new ConnectionDropped();
    throw new BrokerFault(
      fault.condition ?? 'com.microsoft:server-busy',
      fault.status ?? 503,
      fault.description ?? 'A test asked for this failure.',
    );
  }

  #take(operation: Operation, entity: string): PlannedFault | undefined {
    const planned = this.#planned.find(
      ({ fault }) =>
        fault.operation === operation &&
        (fault.entity === undefined || liesAtOrBelow(entity, fault.entity)),
    );
    if (planned === undefined) return undefined;
    planned.left--;
    this.#planned = this.#planned.filter(({ left }) => left > 0);
    return planned.fault;
  }
}

export function liesAtOrBelow(address: string, entity: string): boolean {
  const path = address.toLowerCase();
  const top = entity.toLowerCase();
  return path === top || path.startsWith(`${top}/`);
}
