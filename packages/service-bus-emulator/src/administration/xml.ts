import { XMLParser } from 'fast-xml-parser';
import { invalidArgument } from '../broker/broker-fault.ts';

/** An element as read: its text, or its children by name. Attributes begin with '@'. */
export type XmlNode = string | { readonly [name: string]: XmlNode | readonly XmlNode[] };

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#text',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
});

/** @throws BrokerFault */
export function parseXml(text: string): XmlNode {
  try {
    return parser.parse(text, true) as XmlNode;
  } catch (error) {
    throw invalidArgument(`The body is no XML: ${String(error)}`);
  }
}

export function child(node: XmlNode | undefined, name: string): XmlNode | undefined {
  if (node === undefined || typeof node === 'string' || !Object.hasOwn(node, name))
    return undefined;
  const value = node[name];
  return Array.isArray(value) ? (value[0] as XmlNode) : (value as XmlNode | undefined);
}

export function children(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  if (node === undefined || typeof node === 'string' || !Object.hasOwn(node, name)) return [];
  const value = node[name];
  return Array.isArray(value) ? (value as readonly XmlNode[]) : [value as XmlNode];
}

export function textOf(node: XmlNode | undefined): string | undefined {
  return typeof node === 'string' ? node : (child(node, '#text') as string | undefined);
}

/** An element with text, or nothing at all when there is none. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
