import { BusbarError } from '@busbar/core';
import { connect, receive } from '../support/connect.ts';
import { toQueue } from '../support/messages.ts';
import { report } from '../support/parent.ts';

// Handles one message and does not let its event loop turn for a while; then tells what it may still do.
const [file = '', leaseMs = '', stallMs = ''] = process.argv.slice(2);
const connection = await connect({ file, leaseMs: Number(leaseMs) });
await receive(connection, 'in', async ({ delivery }) => {
  await report('handling');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(stallMs));
  // No timer of this process has run since: this is what a handler sees that commits now.
  const lost = delivery.lost;
  const aborted = delivery.signal.aborted;
  try {
    const results = await delivery.settleWith?.([toQueue('out', { id: 'by the stalled one' })]);
    await report('ended', { lost, aborted, outcome: results?.[0]?.outcome });
  } catch (error) {
    await report('ended', { lost, aborted, outcome: (error as BusbarError).code });
  }
  return 'settled';
});
await report('started');
