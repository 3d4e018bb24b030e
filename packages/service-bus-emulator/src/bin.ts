#!/usr/bin/env node
import { parseArgs } from 'node:util';
import type { EmulatorOptions } from './emulator-options.ts';
import { startServiceBusEmulator } from './service-bus-emulator.ts';

const help = `busbar-service-bus-emulator: Azure Service Bus on one local port

  --port NUMBER     where to listen; 5673 unless given, 0 for any free port
  --host ADDRESS    127.0.0.1 unless given
  --tier TIER       standard (unless given) or premium
  --queue NAME      makes a queue at the start; can be repeated
  --topic NAME      makes a topic at the start; can be repeated
  --isolate         a namespace of its own for each SharedAccessKeyName

Prints the connection string, and stops on SIGINT and SIGTERM.`;

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '5673' },
      host: { type: 'string' },
      tier: { type: 'string' },
      queue: { type: 'string', multiple: true, default: [] },
      topic: { type: 'string', multiple: true, default: [] },
      isolate: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  const emulator = await startServiceBusEmulator({
    port: Number(values.port),
    isolateByKeyName: values.isolate,
    ...(values.host !== undefined && { host: values.host }),
    // The emulator names the tiers that there are.
    ...(values.tier !== undefined && { tier: values.tier as NonNullable<EmulatorOptions['tier']> }),
  });
  for (const queue of values.queue) emulator.control.createQueue(queue);
  for (const topic of values.topic) emulator.control.createTopic(topic);
  process.stdout.write(`${emulator.connectionString}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void emulator.stop());
  }
}
