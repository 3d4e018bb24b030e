import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pages, root } from './pages.ts';

const run = promisify(execFile);

/** `<!-- output of FILE -->` above a block: what the program prints on standard output when it is run. */
const outputs = pages().flatMap((page) =>
  [...page.lines.join('\n').matchAll(/^<!-- output of (\S+) -->\n+```text\n([^]*?)```$/gm)].map(
    ([, file = '', text = '']) => [page.path, file, text] as const,
  ),
);

test.for(outputs)('should print as %s says when %s runs', async ([, file, text], { skip }) => {
  const [major = '0'] = process.versions.node.split('.');
  skip(Number(major) < 24, 'Node reads `await using` since version 24');
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@busbar/source', '--no-warnings', path.join(root, file)],
    { cwd: path.dirname(path.join(root, file)) },
  );
  expect(stdout).toBe(text);
});
