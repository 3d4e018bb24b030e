import { rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { holderOf, leaseOf } from '../src/store/lease-number.ts';
import { MessageTable } from '../src/store/message-table.ts';
import { StoreFile } from '../src/store/store-file.ts';
import { Child } from './support/child.ts';
import { type TestConnection, connect } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

const leaseMs = 300;

/** Whether the next one to get the message is told that a process died over it. */
async function diedAlone(connection: TestConnection): Promise<boolean> {
  const told = Promise.withResolvers<boolean>();
  const settings = { queue: 'in', concurrency: 1, ordered: false, suspicionAfter: 0 };
  await connection.createReceiver(settings).start(
    async ({ delivery }) => {
      told.resolve(delivery.diedAlone);
      return 'settle';
    },
    async ({ delivery }) => {
      told.resolve(delivery.diedAlone);
      return { action: 'settle' };
    },
  );
  return within(told.promise, 'the message to be given to the next one');
}

test.each([
  ['in time', 30_000],
  ['after its lease has ended', 100],
])('should tell of a process that died over it, found %s', async (_, lease) => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path, leaseMs: lease });
  await connection.queues.provision([{ name: 'in' }]);
  await connection.dispatch([toQueue('in')]);
  await using child = new Child('suspect', file.path, `${lease}`);
  await child.report('handling');
  await child.kill();
  expect(await diedAlone(connection)).toBe(true);
});

test.skipIf(process.platform === 'win32')(
  'should not tell of a process that merely stands still',
  async () => {
    using file = temporaryFile();
    await using connection = await connect({ file: file.path, leaseMs });
    await connection.queues.provision([{ name: 'in' }]);
    await connection.dispatch([toQueue('in')]);
    await using child = new Child('suspect', file.path, `${leaseMs}`);
    await child.report('handling');
    child.signal('SIGSTOP');
    expect(await diedAlone(connection)).toBe(false);
  },
);

test('should not tell of a process of which nothing can be said', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path, leaseMs });
  await connection.queues.provision([{ name: 'in' }]);
  await connection.dispatch([toQueue('in')]);
  await using child = new Child('suspect', file.path, `${leaseMs}`);
  await child.report('handling');
  child.signal('SIGSTOP');
  rmSync(`${file.path}-live`, { recursive: true });
  await child.kill();
  expect(await diedAlone(connection)).toBe(false);
});

test('should ask whether the holder died when a lease ends by time, and remember the answer', () => {
  using temporary = temporaryFile();
  const file = new StoreFile(temporary.path, 'normal');
  const dead = new Set([7]);
  const table = new MessageTable(file, (holderId) => dead.has(holderId));
  const insert = (): void => {
    const init = { dueAt: 0, delayed: false, lane: null, expiresAt: null, headers: '{}' };
    table.insert({ ...init, queueId: 1, body: new Uint8Array(0) });
  };
  const claim = (holderId: number, now: number): number | undefined => {
    const lease = leaseOf(holderId, now);
    expect(holderOf(lease)).toBe(holderId);
    const [row] = table.claim(1, 1, lease, now + 10, now);
    if (row === undefined) return undefined;
    const { seq, died_alone } = row;
    if (died_alone === 0) table.markAlone({ seq, lease });
    return died_alone;
  };
  insert();
  expect(claim(6, 100)).toBe(0);
  expect(claim(7, 105)).toBeUndefined();
  expect(claim(7, 110)).toBe(0);
  expect(claim(6, 120)).toBe(1);
  // Whoever was about to judge it stood still: the next one knows it too.
  expect(claim(6, 130)).toBe(1);
  file.close();
});
