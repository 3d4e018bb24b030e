import type { Page } from './pages.ts';

/** The rows of the tables below a heading, up to the next heading; without the first two lines of each table. */
export function rowsBelow(page: Page, heading: string): readonly (readonly string[])[] {
  const start = page.lines.indexOf(heading);
  if (start === -1) throw new Error(`${page.path} has no heading "${heading}".`);
  const length = page.lines.slice(start + 1).findIndex((line) => /^#{1,6} /.test(line));
  const end = length === -1 ? page.lines.length : start + 1 + length;
  return rowsOf(page.lines.slice(start, end));
}

/** The rows of all tables among the lines. */
export function rowsOf(lines: readonly string[]): readonly (readonly string[])[] {
  return lines.flatMap((line, index) => {
    const isRow = line.startsWith('|') && (lines[index - 1] ?? '').startsWith('|');
    return isRow && !/^\|[\s|:-]+\|$/.test(line) ? [cellsOf(line)] : [];
  });
}

function cellsOf(line: string): readonly string[] {
  // A bar inside a cell is written with a backslash.
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** Text without the marks of code. */
export function plain(cell: string): string {
  return cell.replaceAll('`', '');
}
