import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A Markdown page, its path as readers see it: from the root of the repository, with slashes. */
export interface Page {
  readonly path: string;
  readonly lines: readonly string[];
}

/** The pages whose snippets and links are promises to a reader. */
export function pages(): Page[] {
  const found = readdirSync(root).filter((name) => name.endsWith('.md'));
  found.push(...markdownBelow('docs'));
  for (const folder of ['packages', 'examples']) {
    if (!existsSync(path.join(root, folder))) continue;
    for (const name of readdirSync(path.join(root, folder))) {
      const readme = `${folder}/${name}/README.md`;
      if (existsSync(path.join(root, readme))) found.push(readme);
    }
  }
  return found.sort().map((file) => readPage(file));
}

export function readPage(file: string): Page {
  return { path: file, lines: readFileSync(path.join(root, file), 'utf8').split(/\r?\n/) };
}

function markdownBelow(folder: string): string[] {
  const top = path.join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')));
}
