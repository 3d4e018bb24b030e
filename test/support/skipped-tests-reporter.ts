import type { Reporter, TestModule } from 'vitest/node';

/** Lists what did not run, and why, after everything else: a skip that nobody sees is a hole in the suite. */
export class SkippedTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const reason = ('note' in result ? result.note : undefined) ?? 'no reason given';
        lines.push(`  ${module.project.name}: ${test.fullName} (${reason})`);
      }
    }
    if (lines.length > 0) console.log(`Skipped tests: ${lines.length}\n${lines.join('\n')}\n`);
  }
}
