import path from 'node:path';
import type { DemoRun } from './demo-run.ts';
import { ServiceProcess, type ServiceProcessOptions } from './service-process.ts';

export const serviceNames = ['sales', 'billing', 'shipping', 'web'] as const;

/** Starts processes for each service; disposing stops them all. */
export function startServices(
  run: DemoRun,
  instances: number,
  on: Pick<ServiceProcessOptions, 'onRestart' | 'onGivenUp'>,
): AsyncDisposable {
  const services = serviceNames.flatMap((name) => {
    const env = { ...run.env, BUSBAR_DATABASE: run.databaseOf(name) };
    return Array.from({ length: instances }, (_, index) => {
      const log = index === 0 ? `${name}.log` : `${name}-${index + 1}.log`;
      return new ServiceProcess(name, { ...on, env, logFile: path.join(run.folder, log) });
    });
  });
  for (const service of services) service.start();
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}
