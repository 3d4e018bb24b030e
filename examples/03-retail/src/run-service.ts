import type { Endpoint } from '@busbar/core';
import { ReportForDuty, type routes } from './contracts.ts';
import type { ShopDatabase } from './database/shop-database.ts';

/** Longer than the endpoint's `stopDeadline`. */
const hangsAfterMs = 8_000;

/** What a service has beside its endpoint. */
export interface ServiceParts {
  readonly database: ShopDatabase;
  /** The statements that make its tables. */
  readonly tables: readonly string[];
  /** A page that is opened when the endpoint runs, and gives its address. */
  readonly page?: { open(): Promise<string>; close(): Promise<void> };
}

/** Runs a service until it is told to stop, or the process that started it is gone. */
export async function runService(
  service: Endpoint<typeof routes>,
  { database, tables, page }: ServiceParts,
): Promise<void> {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), hangsAfterMs).unref();
    void (async () => {
      await page?.close();
      await service.stop();
      await database.close();
    })().finally(() => process.exit());
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  if (process.send !== undefined && !process.connected) stop();

  try {
    await database.prepare(tables);
    await service.start();
    const address = await page?.open();
    await service.send(
      new ReportForDuty({
        service: service.name,
        pid: process.pid,
        ...(address !== undefined && { address }),
      }),
    );
  } catch (error) {
    if (!stopping) throw error;
  }
}
