import type { Report } from './child.ts';

/** Reports to the test. Resolves when the report has left the process, so that dying does not take it along. */
export function report(kind: string, value?: unknown): Promise<void> {
  const message: Report = { kind, value };
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });
}

/** Resolves when the test says so. */
export function told(message: string): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (said) => {
      if (said === message) resolve();
    });
  });
}

const orphaned = (): void => process.exit(1);

/** Nobody is left to report to. */
process.once('disconnect', orphaned);

/** The test is no longer what keeps this process alive. */
export function leave(): void {
  process.off('disconnect', orphaned);
  process.disconnect();
}
