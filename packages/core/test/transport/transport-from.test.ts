import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MemoryBroker, memoryCapabilities, transportApiVersion, transportFrom } from '@busbar/core';
import { afterAll, describe, expect, test } from 'vitest';

const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

interface Adapter {
  readonly name?: string;
  readonly code: string;
}

const capabilities = JSON.stringify(memoryCapabilities);
const sound = `
  export const transportApiVersion = ${transportApiVersion};
  export const fromUrl = (url) => ({ name: 'fake', address: url, capabilities: ${capabilities}, connect() {} });
`;

/** An application in a directory of its own, with one adapter installed. */
async function application(adapter: Adapter): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'busbar-application-')));
  roots.push(root);
  await writeFile(join(root, 'main.js'), '');
  await writeFile(join(root, 'package-lock.json'), '');
  await install(root, adapter);
  return root;
}

async function install(root: string, { name = '@busbar/rabbitmq', code }: Adapter): Promise<void> {
  const folder = join(root, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  const manifest = { name, type: 'module', exports: { '.': { default: './index.js' } } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'index.js'), code);
}

describe('the scheme', () => {
  test('should be refused, without the rest of the URL, when no package carries it', () => {
    expect(() => transportFrom('kafka://user:s3cret@broker')).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_TRANSPORT',
        message: expect.stringMatching(/"kafka:".*memory:, sqlite:.*amqp:.*sqs:.*sb:/),
      }),
    );
    expect(() => transportFrom('kafka://user:s3cret@broker')).not.toThrow(/s3cret/);
  });

  test.each([
    ['', 'is empty'],
    [undefined as unknown as string, 'is empty'],
    ['user:s3cret@broker/a', 'has the scheme "user:"'],
    ['//s3cret@broker', 'begins with no scheme'],
    ['s3cret', 'begins with no scheme'],
    ['constructor:', 'has the scheme'],
  ])('should be asked for when the URL is %j', (url, message) => {
    expect(() => transportFrom(url)).toThrow(message);
    expect(() => transportFrom(url)).not.toThrow(/s3cret/);
  });
});

describe('memory:', () => {
  test('should name the broker that the whole process shares', async () => {
    const named = await transportFrom('memory:orders').load();
    expect(named).toMatchObject({ name: 'memory', address: 'memory:orders' });
    expect((await transportFrom('MEMORY:').load()).address).toBe('memory:');
    expect(MemoryBroker.named('orders')).toBe(MemoryBroker.named('orders'));
  });
});

describe('an adapter package', () => {
  test('should not be loaded before it is asked for, and then once', async () => {
    const from = await application({
      code: `globalThis.busbarLoads = (globalThis.busbarLoads ?? 0) + 1; let made = 0;
        ${sound.replace("name: 'fake'", 'name: `fake ${++made}`')}`,
    });
    const loads = (): unknown => (globalThis as { busbarLoads?: number }).busbarLoads;
    const lazy = transportFrom('amqp://guest:s3cret@broker/orders', { from });
    expect(lazy.address).toBe('amqp://broker/orders');
    expect(loads()).toBeUndefined();
    const [first, second] = await Promise.all([lazy.load(), lazy.load()]);
    expect(first).toBe(second);
    expect(first).toMatchObject({
      name: 'fake 1',
      address: 'amqp://guest:s3cret@broker/orders',
    });
    expect(loads()).toBe(1);
  });

  test.each([
    ['its directory', (root: string) => root],
    ['a file of it', (root: string) => join(root, 'main.js')],
    ['a folder within', (root: string) => join(root, 'src', 'orders')],
    ['the URL of a module', (root: string) => pathToFileURL(join(root, 'main.js')).href],
    ['the same as a URL', (root: string) => pathToFileURL(join(root, 'main.js'))],
  ])('should be found from the application by %s', async (_by, place) => {
    const from = place(await application({ code: sound }));
    expect((await transportFrom('amqps://broker', { from }).load()).name).toBe('fake');
  });

  test('should be asked for with the command to type when it is not installed', async () => {
    const from = await application({ code: sound });
    const loading = transportFrom('sb://namespace', { from }).load();
    await expect(loading).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      message: expect.stringContaining('`npm install @busbar/azure-service-bus`'),
    });
  });

  test('should be found by the next try when it was installed meanwhile', async () => {
    const from = await application({ code: sound });
    const lazy = transportFrom('sb://namespace', { from });
    await expect(lazy.load()).rejects.toMatchObject({ code: 'MISSING_PACKAGE' });
    await install(from, { name: '@busbar/azure-service-bus', code: sound });
    expect((await lazy.load()).name).toBe('fake');
  });

  test.each([
    [
      'no entry for its maker',
      'export const transportApiVersion = 1;',
      'exports no function `fromUrl`',
    ],
    ['no version', 'export const fromUrl = () => ({});', 'version none'],
    ['another version', sound.replace('= 1', '= 99'), 'version 99'],
    [
      'a transport of other capabilities',
      sound.replace('"maxDelayMs":', '"maxDelay":'),
      'without `capabilities.maxDelayMs`',
    ],
    [
      'no transport',
      `${sound.split('export const fromUrl')[0]} export const fromUrl = () => {};`,
      '`connect`',
    ],
    [
      'an import that this core does not offer',
      `import { nothing } from 'node:path'; ${sound}`,
      'could not be loaded',
    ],
  ])('should be called incompatible when it has %s', async (_what, code, message) => {
    const from = await application({ code });
    const loading = transportFrom('amqp://broker', { from }).load();
    await expect(loading).rejects.toMatchObject({
      code: 'INCOMPATIBLE_PACKAGE',
      message: expect.stringContaining(message),
      details: { package: '@busbar/rabbitmq' },
    });
  });

  test('should be called incompatible when its files are damaged', async () => {
    const from = await application({ code: sound });
    await rm(join(from, 'node_modules/@busbar/rabbitmq/index.js'));
    await expect(transportFrom('amqp://broker', { from }).load()).rejects.toMatchObject({
      code: 'INCOMPATIBLE_PACKAGE',
      message: expect.stringContaining('is installed and cannot be found all the same'),
    });
  });

  test('should be called incompatible when it runs on a core of its own', async () => {
    const code = `globalThis[Symbol.for('busbar.copies')].add('file:///other/core.js'); ${sound}`;
    const from = await application({ code });
    try {
      await expect(transportFrom('amqp://broker', { from }).load()).rejects.toMatchObject({
        code: 'INCOMPATIBLE_PACKAGE',
        message: expect.stringContaining(
          'second copy of @busbar/core along: file:///other/core.js',
        ),
      });
    } finally {
      const copies = (globalThis as unknown as Record<symbol, Set<string>>)[
        Symbol.for('busbar.copies')
      ];
      copies?.delete('file:///other/core.js');
    }
  });

  test('should name the package that it lacks', async () => {
    const from = await application({ code: `import 'amqplib-that-is-missing'; ${sound}` });
    await expect(transportFrom('amqp://broker', { from }).load()).rejects.toMatchObject({
      code: 'MISSING_PACKAGE',
      message: expect.stringContaining('npm install amqplib-that-is-missing'),
    });
  });

  test('should let its own error about the URL through', async () => {
    const code = sound.replace(/\(url\) => [^]*/, "() => { throw new Error('no such vhost'); };");
    const from = await application({ code });
    await expect(transportFrom('amqp://broker', { from }).load()).rejects.toThrow('no such vhost');
  });
});
