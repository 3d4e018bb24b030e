import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The emulator in a process of its own, whose CPU nobody counts. */
export interface ServiceBusServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export async function startServiceBus(queues: readonly string[]): Promise<ServiceBusServer> {
  const entry = import.meta.resolve('@busbar/service-bus-emulator');
  const program = fileURLToPath(new URL('bin.js', entry));
  const names = queues.flatMap((queue) => ['--queue', queue]);
  const server: ChildProcess = spawn(process.execPath, [program, '--port', '0', ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('the emulator has no output');
  const [connectionString] = (await once(createInterface({ input: server.stdout }), 'line')) as [
    string,
  ];
  return {
    connectionString,
    async stop() {
      const exit = once(server, 'exit');
      server.kill('SIGTERM');
      await exit;
    },
  };
}
