import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import type { Broker } from './broker.ts';
import type { Found } from './for-tests.ts';
import type { RabbitMajor } from './rabbitmq-programs.ts';
import { BrokerResolver } from './resolve-broker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for a broker; empty in projects that must do without. */
    brokerHost: string;
  }
}

/**
 * Vitest's global set-up of the whole run, not of a project: it happens once. It starts nothing but a port, where the first
 * test file that asks has a broker started for all.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const brokers = new BrokerResolver();
  const told = new Set<string>();
  const tell = (line: string): void => {
    if (!told.has(line)) project.vitest.logger.log(line);
    told.add(line);
  };
  const answer = async (major: RabbitMajor | undefined): Promise<Found<Broker>> => {
    try {
      const { broker, refused } = await brokers.resolve(major);
      const otherwise = refused.map((reason) => `\n  not ${reason}`).join('');
      tell(`Tests use RabbitMQ ${broker.version} (${broker.kind})${otherwise}`);
      return { value: broker };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      tell(reason);
      return { reason };
    }
  };

  const host = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://host');
    const major = searchParams.get('major') as RabbitMajor | null;
    void answer(major ?? undefined).then((each) => response.end(JSON.stringify(each)));
  });
  host.unref().listen(0, '127.0.0.1');
  await once(host, 'listening');
  project.provide('brokerHost', `http://127.0.0.1:${(host.address() as AddressInfo).port}`);
  return async () => {
    host.close();
    host.closeAllConnections();
    await brokers[Symbol.asyncDispose]();
  };
}
