import { Ledger } from './ledger.ts';
import type { PartnerOrder } from './partner.ts';
import { scenarioNamed } from './scenarios.ts';
import { usageOf } from './usage.ts';

// The entry of the second process of a scenario; `partner.ts` gives it its orders.

const [scenarioName = '', subjectName = '', directory = ''] = process.argv.slice(2);
const { partners } = await scenarioNamed(scenarioName);
const opening = partners?.[subjectName]?.({ directory });
if (opening === undefined) throw new Error(`"${subjectName}" has no partner.`);
const workload = await opening;

process.on('message', (order: PartnerOrder) => {
  void obey(order);
});

async function obey(order: PartnerOrder): Promise<void> {
  if (order.kind === 'run') await workload.run(new Ledger(order.first, order.size));
  if (order.kind === 'close') await workload.close();
  process.send?.(usageOf(process), () => {
    if (order.kind === 'close') process.exit(0);
  });
}
