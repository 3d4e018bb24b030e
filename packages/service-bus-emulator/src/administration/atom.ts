import { element, escapeXml } from './xml.ts';

const atomNamespace = 'http://www.w3.org/2005/Atom';
const serviceBusNamespace = 'http://schemas.microsoft.com/netservices/2010/10/servicebus/connect';
const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance';

export interface Entry {
  /** Its path below the namespace: clients take the name from it. */
  readonly path: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The name of the description element. */
  readonly kind: string;
  readonly content: string;
}

export function writeEntry(host: string, entry: Entry): string {
  const { path, createdAt, updatedAt, kind, content } = entry;
  const url = escapeXml(`http://${host}/${path}?api-version=2021-05`);
  return [
    `<entry xmlns="${atomNamespace}">`,
    `<id>${url}</id>`,
    `<title type="text">${escapeXml(path)}</title>`,
    element('published', new Date(createdAt).toISOString()),
    element('updated', new Date(updatedAt).toISOString()),
    `<link rel="self" href="${url}"/>`,
    '<content type="application/xml">',
    `<${kind} xmlns="${serviceBusNamespace}" xmlns:i="${instanceNamespace}">${content}</${kind}>`,
    '</content></entry>',
  ].join('');
}

export interface Page {
  readonly path: string;
  readonly skip: number;
  readonly top: number;
}

/** One page of a list; a client asks for the next by the link that it finds, and reads links only when there are two. */
export function writeFeed(host: string, all: readonly Entry[], { path, skip, top }: Page): string {
  const entries = all.slice(skip, skip + top).map((entry) => writeEntry(host, entry));
  const url = (from: number) =>
    escapeXml(`http://${host}/${path}?$skip=${from}&$top=${top}&api-version=2021-05`);
  const isLast = skip + top >= all.length;
  return [
    `<feed xmlns="${atomNamespace}">`,
    `<title type="text">${escapeXml(path)}</title>`,
    `<id>${url(skip)}</id>`,
    `<link rel="self" href="${url(skip)}"/>`,
    isLast ? '' : `<link rel="next" href="${url(skip + top)}"/>`,
    ...entries,
    '</feed>',
  ].join('');
}

export function writeError(status: number, detail: string): string {
  return `<Error>${element('Code', status)}${element('Detail', detail)}</Error>`;
}
