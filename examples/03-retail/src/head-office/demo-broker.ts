import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DemoBroker } from '../demo-options.ts';
import { CannotRun } from './cannot-run.ts';

/** A broker that is there for as long as the demo. */
export interface RunningBroker extends AsyncDisposable {
  readonly url: string;
}

/** Finds one that runs already, or starts one that ends with this process, however that ends. */
export async function findBroker(broker: DemoBroker): Promise<RunningBroker> {
  const program = fileURLToPath(new URL('../../../../tools/brokers/main.ts', import.meta.url));
  // It ends when its input does.
  const finder = spawn(process.execPath, [program, broker], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: finder.stdout });
  const found = once(lines, 'line') as Promise<[string]>;
  const ended = once(finder, 'exit').then((): never => {
    throw new CannotRun(
      `No ${broker} was found, and none could be started; the lines above say why.`,
    );
  });
  const [url] = await Promise.race([found, ended]);
  ended.catch(() => undefined);
  return {
    url,
    async [Symbol.asyncDispose]() {
      const exit = once(finder, 'exit');
      finder.stdin.end();
      await exit;
    },
  };
}
