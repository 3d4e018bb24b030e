import { oneLine } from './one-line.ts';
import type { Fate, Outcome } from './outcome.ts';

/** What happened to every order, a line each. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const header = ['order', 'customer', 'total', 'outcome', 'what happened'];
  const rows = outcomes.map(({ orderId, customer, total, fate, story }) => [
    orderId,
    oneLine(customer, 24),
    total === undefined ? '-' : (total / 100).toFixed(2),
    fate,
    oneLine(story, 100),
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How many orders ended how. */
export function outcomeSummary(outcomes: readonly Outcome[]): string {
  const shipped = outcomes.filter(({ fate }) => fate === 'shipped');
  const healed = (healing: Outcome['healing']): number =>
    shipped.filter((outcome) => outcome.healing === healing).length;
  const reasons = outcomes
    .filter(({ fate }) => fate === 'cancelled')
    .map(({ cancelledFor }) => cancelledFor);
  const lines: readonly [Fate, string][] = [
    [
      'shipped',
      `${healed('none')} at once, ${healed('immediate')} after an immediate retry, ${healed('delayed')} after a delayed retry`,
    ],
    ['cancelled', counted(reasons, (reason, count) => `${count} ${reason}`)],
    ['rejected', `into the error queue by ${blamed(outcomes, 'rejected')}`],
    ['failed', `into the error queue by ${blamed(outcomes, 'failed')}`],
    ['DUPLICATE', 'more than one bill or parcel'],
    ['LOST', 'no outcome'],
  ];
  const width = String(outcomes.length).length;
  return [
    `${outcomes.length} orders`,
    ...lines.flatMap(([fate, details]) => {
      const count = outcomes.filter((outcome) => outcome.fate === fate).length;
      // Nothing was lost: that is worth a line.
      if (count === 0) return fate === 'LOST' ? [`${'0'.padStart(width)} LOST`] : [];
      return [`${String(count).padStart(width)} ${fate.padEnd(9)}  ${details}`];
    }),
  ].join('\n');
}

/** Which services gave up how many, the most first. */
function blamed(outcomes: readonly Outcome[], fate: Fate): string {
  const services = outcomes.filter((each) => each.fate === fate).map((each) => each.failedIn);
  return counted(services, (service, count) => `${service} (${count})`);
}

/** How often each text is there, the most frequent first. */
function counted(
  texts: readonly (string | undefined)[],
  show: (text: string, count: number) => string,
): string {
  const counts = new Map<string, number>();
  for (const text of texts) {
    if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([text, count]) => show(text, count)).join(', ');
}
