import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should delay nobody in other processes', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'slow' }, { name: 'quick' }]);
  await using child = new Child('slow', file.path);
  await child.report('started');
  await connection.dispatch([toQueue('slow')]);
  await child.report('handling');
  let handled = Promise.withResolvers<void>();
  await receive(connection, 'quick', () => handled.resolve());
  const latencies: number[] = [];
  for (let sent = 0; sent < 200; sent += 1) {
    handled = Promise.withResolvers();
    const began = performance.now();
    await connection.dispatch([toQueue('quick')]);
    await within(handled.promise, 'a quick message');
    latencies.push(performance.now() - began);
  }
  // The other handler runs all this time. How quick it is, the benchmark says; here nobody waits for it.
  expect(Math.max(...latencies)).toBeLessThan(5_000);
  // Nothing went wrong with the slow one meanwhile.
  child.tell('finish');
  await child.report('handled');
  child.tell('stop');
  expect(await child.exited).toBe(0);
  expect(await connection.queues.peek('slow', 10)).toEqual([]);
});
