import type { Endpoint } from '@busbar/core';
import { ReportForDuty, type routes } from './contracts.ts';

/** Longer than the endpoint's `stopDeadline`. */
const hangsAfterMs = 8_000;

/** Runs a service until it is told to stop, or the process that started it is gone. */
export async function runService(service: Endpoint<typeof routes>): Promise<void> {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), hangsAfterMs).unref();
    void service.stop().finally(() => process.exit());
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  if (process.send !== undefined && !process.connected) stop();

  try {
    await service.start();
    await service.send(new ReportForDuty({ service: service.name, pid: process.pid }));
  } catch (error) {
    if (!stopping) throw error;
  }
}
