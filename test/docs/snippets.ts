import type { Page } from './pages.ts';

/** A fenced block and what the comment above it says of it. */
export interface Snippet {
  readonly page: string;
  readonly language: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly code: readonly string[];
  /** "examples/01-hello/main.ts" or "examples/01-hello/main.ts#region", when it repeats a file. */
  readonly from?: string;
  /**
   * The page with everything blanked but this snippet and what it builds on, so that the compiler's line numbers are
   * the page's.
   */
  readonly source: string;
}

const opening = /^( *)(`{3,}|~{3,})(\w*)/;
const fromComment = /^<!-- from (\S+) -->$/;

/**
 * Finds the fenced blocks of a page. Three comments, each on the line above a fence, have a meaning:
 *
 * - `<!-- from FILE -->` or `<!-- from FILE#REGION -->`: the block repeats that file, or the part of it between
 *   `// #region REGION` and `// #endregion`.
 * - `<!-- continues -->`: the block goes on where the page's TypeScript block before it ended.
 * - `<!-- given` with lines of TypeScript up to a line `-->`: what a reader need not see, put before the block.
 */
export function snippetsOf(page: Page): Snippet[] {
  const snippets: Snippet[] = [];
  const { lines } = page;
  let previous = blank(lines.length);

  for (let at = 0; at < lines.length; at += 1) {
    const fence = opening.exec(lines[at] ?? '');
    if (fence === null) continue;
    const [, indent = '', marks = '', language = ''] = fence;
    const close = lines.findIndex((line, index) => index > at && line.trim() === marks);
    if (close === -1) throw new Error(`${page.path}:${at + 1}: this block is never closed.`);

    const code = lines.slice(at + 1, close).map((line) => unindent(line, indent));
    const comment = commentAbove(lines, at);
    const kept = comment.text === '<!-- continues -->' ? [...previous] : blank(lines.length);
    for (const [index, line] of comment.given.entries()) kept[comment.givenFrom + index] = line;
    for (const [index, line] of code.entries()) kept[at + 1 + index] = line;
    if (language === 'ts') previous = kept;

    const from = fromComment.exec(comment.text)?.[1];
    const source = kept.join('\n');
    const found = { page: page.path, language, line: at + 1, code, source };
    snippets.push(from === undefined ? found : { ...found, from });
    at = close;
  }
  return snippets;
}

interface Comment {
  readonly text: string;
  readonly given: readonly string[];
  readonly givenFrom: number;
}

function commentAbove(lines: readonly string[], fence: number): Comment {
  let end = fence - 1;
  if (lines[end]?.trim() === '') end -= 1;
  const text = lines[end]?.trim() ?? '';
  if (text !== '-->') return { text, given: [], givenFrom: 0 };
  const start = lines.slice(0, end).findLastIndex((line) => line.trim().startsWith('<!--'));
  if (lines[start]?.trim() !== '<!-- given') return { text, given: [], givenFrom: 0 };
  // A block can both be given something and continue: the other comment then stands above.
  const above = lines[start - 1]?.trim() ?? '';
  return { text: above, given: lines.slice(start + 1, end), givenFrom: start + 1 };
}

function blank(length: number): string[] {
  return Array.from({ length }, () => '');
}

function unindent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line;
}
