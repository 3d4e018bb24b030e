// Prints "passed failed skipped" from vitest's JSON report; fails where there is no usable report.
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
if (!Array.isArray(testResults) || testResults.length === 0) {
  throw new Error('The report names no test file.');
}

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { status, assertionResults } of testResults) {
  if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
    counts.failed += 1;
  }
  for (const test of assertionResults) {
    const known = test.status === 'passed' || test.status === 'failed';
    counts[known ? test.status : 'skipped'] += 1;
  }
}
console.log(counts.passed, counts.failed, counts.skipped);
