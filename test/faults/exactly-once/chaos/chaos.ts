import type { PrivatePostgres } from '../../../support/postgres/private-postgres.ts';
import { FaultProxy } from '../../../support/rabbitmq/fault-proxy.ts';
import type { PrivateNode } from '../../../support/rabbitmq/private-node.ts';
import type { Fault, FaultKind } from './fault-schedule.ts';
import type { ServiceProcess } from './service-process.ts';

/** What can be broken. */
export interface Breakable {
  readonly services: readonly ServiceProcess[];
  readonly broker: PrivateNode;
  readonly postgres: PrivatePostgres;
  readonly amqp: FaultProxy;
  readonly sql: FaultProxy;
}

/** Carries faults out, and counts them. */
export class Chaos {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #things: Breakable;

  constructor(things: Breakable) {
    this.#things = things;
  }

  /** Resolves when what was stopped is there again; services may still be starting. */
  async carryOut({ kind, pick, how, bytes }: Fault): Promise<void> {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const { services, broker, postgres, amqp, sql } = this.#things;
    switch (kind) {
      case 'kill one':
        await services[Math.floor(pick * services.length)]?.kill();
        return;
      case 'kill both': {
        const first = Math.floor((pick * services.length) / 2) * 2;
        await Promise.all(services.slice(first, first + 2).map((service) => service.kill()));
        return;
      }
      case 'restart broker':
        await (how < 0.5 ? broker.kill() : broker.stop());
        await broker.start();
        return;
      case 'restart postgres fast':
        await postgres.restart('fast');
        return;
      case 'restart postgres immediate':
        await postgres.restart('immediate');
        return;
      case 'cut amqp':
        cut(amqp, how, bytes);
        return;
      case 'cut postgres':
        cut(sql, how, bytes);
    }
  }
}

function cut(proxy: FaultProxy, how: number, bytes: number): void {
  if (how < 0.2) proxy.reset();
  else if (how < 0.3) proxy.drop();
  else proxy.resetAfter(bytes, how < 0.65 ? 'up' : 'down');
}
