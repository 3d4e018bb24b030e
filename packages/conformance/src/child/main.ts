import {
  BusbarError,
  type DeliveryAttempt,
  type FailedAttempt,
  type FailureDecision,
  type Transport,
  consoleLogger,
  systemClock,
} from '@busbar/core';
import { idOf } from '../support/inbox.ts';
import { type ChildReport, type ChildSettings, killerHeader } from './child-settings.ts';

/** The program of a consumer process; `ChildConsumer` starts and kills it. */
const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings;
const { childTransport } = (await import(settings.module)) as {
  readonly childTransport: (argument: unknown) => Transport | Promise<Transport>;
};
const transport = await childTransport(settings.argument);
const connection = await transport.connect({
  endpoint: 'conformance',
  instance: `child-${process.pid}`,
  clock: systemClock,
  logger: consoleLogger({ level: 'error' }),
  onCritical: (error) => {
    throw error;
  },
});

await connection
  .createReceiver({
    queue: settings.queue,
    concurrency: settings.concurrency,
    suspicionAfter: settings.suspicionAfter,
    ordered: settings.ordered ?? false,
  })
  .start(handle, decide);
await tell({ kind: 'started', id: '' });
// Nobody is left to report to.
process.once('disconnect', () => process.exit(1));

async function handle(attempt: DeliveryAttempt): Promise<'settle'> {
  const id = idOf(attempt);
  await tell({ kind: 'handling', id });
  if (attempt.headers[killerHeader] !== undefined) process.kill(process.pid, 'SIGKILL');
  if (settings.handler === 'hang') await new Promise(() => {});
  await tell({ kind: 'handled', id });
  return 'settle';
}

async function decide({ delivery, headers, error }: FailedAttempt): Promise<FailureDecision> {
  const code = error instanceof BusbarError ? error.code : error.name;
  if (settings.errorQueue === undefined) return { action: 'release' };
  const [result] = await connection.dispatch([
    {
      message: { headers, body: delivery.body },
      destination: { kind: 'queue', queue: settings.errorQueue },
    },
  ]);
  if (result?.outcome !== 'confirmed') return { action: 'release' };
  await tell({ kind: 'failed', id: idOf({ headers }), code });
  return { action: 'settle' };
}

/** Resolves when the report has left the process, so that dying afterwards does not take it along. */
function tell(report: ChildReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(report, () => resolve());
  });
}
