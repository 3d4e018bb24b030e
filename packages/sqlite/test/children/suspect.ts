import { connect } from '../support/connect.ts';
import { report } from '../support/parent.ts';

// Handles one message alone, from its first delivery on, and never ends.
const [file = '', leaseMs = ''] = process.argv.slice(2);
const connection = await connect({ file, leaseMs: Number(leaseMs) });
const receiver = connection.createReceiver({
  queue: 'in',
  concurrency: 1,
  ordered: false,
  suspicionAfter: 0,
});
await receiver.start(
  async () => {
    await report('handling');
    return new Promise(() => {});
  },
  async () => ({ action: 'release' }),
);
await report('started');
