import { afterAll } from 'vitest';
import type { Account } from './ledger.ts';

/** Prints a line for each scenario, and all of them together when the file has run. */
export class Summary {
  readonly #rows: string[][] = [];

  constructor() {
    afterAll(() => this.#print());
  }

  /** @param more What else the scenario measured. */
  add(scenario: string, account: Account, more = ''): void {
    const { sent, handled, lost, duplicated, sentAgain, longestRecoveryMs } = account;
    const recovery = longestRecoveryMs === undefined ? '-' : `${Math.round(longestRecoveryMs)} ms`;
    const row = [
      scenario,
      String(sent),
      String(handled),
      String(lost.length),
      `${duplicated.commands} + ${duplicated.events}`,
      String(sentAgain),
      recovery,
      more,
    ];
    this.#rows.push(row);
  }

  #print(): void {
    if (this.#rows.length === 0) return;
    const rows = [
      ['scenario', 'sent', 'handled', 'lost', 'duplicated', 'sent again', 'recovery', ''],
      ...this.#rows,
    ];
    const widths = (rows[0] ?? []).map((_, column) => {
      return Math.max(...rows.map((row) => row[column]?.length ?? 0));
    });
    const lines = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
    // eslint-disable-next-line no-console -- what a run is looked at for
    console.log(lines.map((line) => line.trimEnd()).join('\n'));
  }
}
