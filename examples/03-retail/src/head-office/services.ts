import path from 'node:path';
import type { DemoRun } from './demo-run.ts';
import { ServiceProcess, type ServiceProcessOptions } from './service-process.ts';

export const serviceNames = ['sales', 'billing', 'shipping'] as const;

/** Starts a process per service; disposing stops them all. */
export function startServices(
  run: DemoRun,
  on: Pick<ServiceProcessOptions, 'onRestart' | 'onGivenUp'>,
): AsyncDisposable {
  const services = serviceNames.map((name) => {
    const logFile = path.join(run.folder, `${name}.log`);
    return new ServiceProcess(name, { ...on, env: run.env, logFile });
  });
  for (const service of services) service.start();
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}
