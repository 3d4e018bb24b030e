import type { Page } from './pages.ts';

/** The relative links of a page, as written, without titles; links to other sites are not checked. */
export function linksOf(page: Page): string[] {
  const text = proseLines(page)
    .map((line) => line.replaceAll(/`[^`]*`/g, ''))
    .join('\n');
  const inline = [...text.matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g)];
  const referenced = [...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
  return [...inline, ...referenced]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z][a-z+.-]*:/i.test(link));
}

/** The anchors that a forge makes of a page's headings, and those that are written as HTML. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const line of proseLines(page)) {
    for (const match of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(match[1] ?? '');
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

function proseLines(page: Page): string[] {
  let fence = '';
  return page.lines.filter((line) => {
    const marks = /^ *(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === '' && marks !== undefined) {
      fence = marks;
      return false;
    }
    if (fence === '') return true;
    if (line.trim() === fence) fence = '';
    return false;
  });
}
