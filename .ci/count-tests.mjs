// Prints "passed failed skipped" from vitest's JSON report, then a line for each failure; fails where there is no usable
// report. The lines are for the end of the log, which is often all that is kept of it. With `--failed-files` it prints the
// files of the failures instead.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';

const longestLine = 300;

const { values, positionals } = parseArgs({
  options: { 'failed-files': { type: 'boolean', default: false } },
  allowPositionals: true,
});

const { testResults } = JSON.parse(readFileSync(positionals[0], 'utf8'));
if (!Array.isArray(testResults) || testResults.length === 0) {
  throw new Error('The report names no test file.');
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const failedFiles = new Set();

const note = (file, name, message) => {
  const cause = (message ?? '').split('\n').find((line) => line.trim() !== '') ?? 'no message';
  failures.push(
    `${relative(process.cwd(), file)} > ${name}: ${cause.trim()}`.slice(0, longestLine),
  );
};

for (const { name: file, status, message, assertionResults } of testResults) {
  if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
    counts.failed += 1;
    note(file, '(the file)', message);
  }
  for (const test of assertionResults) {
    const known = test.status === 'passed' || test.status === 'failed';
    counts[known ? test.status : 'skipped'] += 1;
    if (test.status === 'failed') {
      note(file, test.fullName, test.failureMessages?.[0]);
    }
  }
}
const lines = values['failed-files']
  ? failedFiles
  : [[counts.passed, counts.failed, counts.skipped].join(' '), ...failures];
for (const line of lines) {
  console.log(line);
}
