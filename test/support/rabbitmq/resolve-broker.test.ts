import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findPrograms } from './rabbitmq-programs.ts';
import { reservePorts } from './reserved-ports.ts';
import { BrokerResolver } from './resolve-broker.ts';

// A machine on which there is nothing: no program on the path, no unpacked one.
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'busbar-nothing-'));
  vi.stubEnv('PATH', folder);
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('RABBITMQ_BIN', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function program(name: string, prints: string): void {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(file, 0o755);
}

test('should refuse a way that does not exist', async () => {
  await using brokers = new BrokerResolver({ TEST_BROKER: 'docker' });
  await expect(brokers.resolve()).rejects.toThrow(
    'TEST_BROKER is "docker"; it can be "env", "container", "private".',
  );
});

test('should say what to do when there is none, and below that why each way failed', async () => {
  await using brokers = new BrokerResolver({
    TEST_RABBITMQ_IMAGE: 'busbar.invalid/no-such-image:4',
  });
  const failure: unknown = await brokers.resolve('4').catch((error: unknown) => error);
  expect(String(failure).split('\n')).toEqual([
    'Error: No RabbitMQ 4 for the tests: name one in BUSBAR_TEST_AMQP_URL, or start a container engine that ' +
      'can pull the image, or run `node tools/rabbitmq-server/main.ts 4` on Debian.',
    '  env: BUSBAR_TEST_AMQP_URL is not set',
    expect.stringMatching(/^ {2}container: ./),
    expect.stringMatching(/^ {2}private: No RabbitMQ 4 on this machine/),
  ]);
});

test('should try one way only when that is asked for', async () => {
  await using brokers = new BrokerResolver({ TEST_BROKER: 'env' });
  const failure: unknown = await brokers.resolve().catch((error: unknown) => error);
  expect(String(failure)).toBe(
    'Error: No RabbitMQ for the tests: name one in BUSBAR_TEST_AMQP_URL.\n' +
      '  env: BUSBAR_TEST_AMQP_URL is not set',
  );
});

test('should not look elsewhere if a broker is named and does not answer', async () => {
  const { ports, release } = await reservePorts(1);
  await using brokers = new BrokerResolver({
    BUSBAR_TEST_AMQP_URL: `amqp://127.0.0.1:${ports[0]}`,
  });
  const failure: unknown = await brokers.resolve().catch((error: unknown) => error);
  release();
  expect(String(failure)).toMatch(/env: .*ECONNREFUSED/);
  expect(String(failure)).not.toContain('private: ');
});

test('should find the programs in the folder that RABBITMQ_BIN names', async () => {
  vi.stubEnv('RABBITMQ_BIN', folder);
  program('rabbitmq-server', '');
  program('rabbitmqctl', '4.9.1');
  program('epmd', '');
  const epmd = path.join(folder, 'epmd');
  expect(await findPrograms()).toEqual({ folder, version: '4.9.1', epmd });
  expect(await findPrograms('4')).toEqual({ folder, version: '4.9.1', epmd });
  await expect(findPrograms('3')).rejects.toThrow(`(${folder} has 4.9.1)`);
});

test('should say that RABBITMQ_BIN names a folder without the programs', async () => {
  vi.stubEnv('RABBITMQ_BIN', folder);
  await expect(findPrograms()).rejects.toThrow(
    `RABBITMQ_BIN is "${folder}", which holds no program rabbitmq-server.`,
  );
});

test('should say that Erlang is not complete', async () => {
  program('rabbitmq-server', '');
  program('rabbitmqctl', '3.13.7');
  await expect(findPrograms()).rejects.toThrow('there is no epmd on the path');
});

test('should not take programs that do not work', async () => {
  program('rabbitmq-server', '');
  await expect(findPrograms()).rejects.toThrow('a rabbitmqctl that fails');
});
