import { setImmediate as turn } from 'node:timers/promises';
import { sqliteTransport } from '@busbar/sqlite';
import { quietHost } from '../support/hosts.ts';
import { toQueue } from '../support/messages.ts';
import { leave, report, told } from '../support/parent.ts';

// Sends numbered messages to `in`, reports those that were confirmed, and passes what it receives from `in` on to `out`.
const [file = '', name = ''] = process.argv.slice(2);
const connection = await sqliteTransport({ file }).connect(quietHost());
const receiver = connection.createReceiver({
  queue: 'in',
  concurrency: 8,
  suspicionAfter: 1_000,
  ordered: false,
});
await receiver.start(
  async ({ delivery, headers }) => {
    await turn();
    await delivery.settleWith?.([toQueue('out', { headers })]);
    return 'settled';
  },
  async () => ({ action: 'release' }),
);

const stopSending = new AbortController();
void told('stop sending').then(() => stopSending.abort());
void report('started');
for (let number = 0; !stopSending.signal.aborted; number += 1) {
  const ids = Array.from({ length: 5 }, (_, index) => `${name}-${number}-${index}`);
  const results = await connection.dispatch(ids.map((id) => toQueue('in', { id })));
  const confirmed = ids.filter((_, index) => results[index]?.outcome === 'confirmed');
  await report('confirmed', confirmed);
  await turn();
}
await report('stopped sending');
await told('stop');
await receiver.stop(AbortSignal.timeout(5_000));
await connection.close();
leave();
