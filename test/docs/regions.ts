import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './pages.ts';

/** The lines of a file, or of one region of it, without the region marks and the common indentation. */
export function readRegion(reference: string): string[] {
  const [file = '', region] = reference.split('#');
  const lines = readFileSync(path.join(root, file), 'utf8').trimEnd().split(/\r?\n/);
  if (region === undefined) return withoutMarks(lines);

  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  if (start === -1) throw new Error(`${file} has no "// #region ${region}".`);
  const end = matchingEnd(lines, start);
  if (end === -1) throw new Error(`The region ${region} of ${file} is never closed.`);
  return outdent(withoutMarks(lines.slice(start + 1, end)));
}

function matchingEnd(lines: readonly string[], start: number): number {
  let depth = 0;
  return lines.findIndex((line, index) => {
    if (index < start) return false;
    if (line.trim().startsWith('// #region ')) depth += 1;
    if (line.trim().startsWith('// #endregion')) depth -= 1;
    return depth === 0;
  });
}

function withoutMarks(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^\s*\/\/ #(end)?region\b/.test(line));
}

function outdent(lines: readonly string[]): string[] {
  const widths = lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const common = Math.min(...widths);
  return lines.map((line) => line.slice(common));
}
