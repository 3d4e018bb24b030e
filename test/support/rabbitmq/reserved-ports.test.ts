import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { answers, reservePorts } from './reserved-ports.ts';

test('should never give a port to two at the same time', async () => {
  const all = await Promise.all(Array.from({ length: 30 }, () => reservePorts(4)));
  const ports = all.flatMap((each) => each.ports);
  expect(new Set(ports).size).toBe(120);
  for (const each of all) each.release();
});

test('should give ports that can be listened on, below those of outgoing connections', async () => {
  const { ports, release } = await reservePorts(3);
  for (const port of ports) {
    expect(port).toBeLessThan(32_768);
    expect(await answers(port)).toBe(false);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await answers(port)).toBe(true);
    server.close();
  }
  release();
});

test('should refuse more ports than a block has', async () => {
  await expect(reservePorts(8)).rejects.toThrow('At most 7 ports');
});
