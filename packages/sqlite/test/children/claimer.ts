import { persist } from '../support/persist.ts';
import { report } from '../support/parent.ts';

// Claims all that is in the outbox, and does nothing with it.
const [file = ''] = process.argv.slice(2);
const { outbox } = await persist({ file });
const request = { limit: 10, graceMs: 0, leaseMs: 1e9 };
const records = await outbox.claim(request);
const lane = await outbox.claimLane(request);
await report('claimed', { records: records.length, lane: lane?.key });
setInterval(() => {}, 1e6);
