import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ServiceBusClient } from '@azure/service-bus';
import { expect, onTestFinished, test } from 'vitest';
import { impatient, receiveOne } from './support/fixture.ts';

const program = path.join(import.meta.dirname, '../src/bin.ts');

function run(...parameters: string[]) {
  const child = spawn(process.execPath, [program, ...parameters]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exit = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const nextLine = async (stream: 'stdout' | 'stderr'): Promise<string> => {
    for await (const line of createInterface({ input: child[stream] })) {
      // A warning of Node 22 about TypeScript.
      if (!line.includes('Warning') && !line.includes('--trace-warnings')) return line;
    }
    throw new Error(`The program said nothing on ${stream}.`);
  };
  return { child, exit, nextLine };
}

test.each(['SIGTERM', 'SIGINT'] as const)('should serve until %s', async (signal) => {
  const { child, exit, nextLine } = run('--port', '0', '--queue', 'orders', '--topic', 'events');
  const client = new ServiceBusClient(await nextLine('stdout'), impatient);
  await client.createSender('orders').sendMessages({ body: 1 });
  expect((await receiveOne(client.createReceiver('orders'))).body).toBe(1);
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
  await client.close();
});

test('should end at once when its clients are gone already', async () => {
  const { child, exit, nextLine } = run('--port', '0', '--queue', 'orders');
  const client = new ServiceBusClient(await nextLine('stdout'), impatient);
  await client.createSender('orders').sendMessages({ body: 1 });
  await client.close();
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
});

test('should say what is wrong with its parameters', async () => {
  const { exit, nextLine } = run('--port', 'many');
  expect(await nextLine('stderr')).toContain('The option port is NaN');
  expect(await exit).toEqual([1, null]);
});

test('should explain itself', async () => {
  const { exit, nextLine } = run('--help');
  expect(await nextLine('stdout')).toContain('Azure Service Bus on one local port');
  expect(await exit).toEqual([0, null]);
});
