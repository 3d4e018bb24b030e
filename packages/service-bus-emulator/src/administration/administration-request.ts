import type { Namespace } from '../broker/namespace.ts';
import { BrokerFault, invalidArgument } from '../broker/broker-fault.ts';
import type { Page } from './atom.ts';
import { child, parseXml, type XmlNode } from './xml.ts';

const mostOnPage = 100;

export interface AdministrationRequest {
  readonly method: string;
  readonly namespace: Namespace;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Whether the client says that the entity exists and is to be changed. */
  readonly isUpdate: boolean;
  readonly body: string;
}

export interface AdministrationResponse {
  readonly status: number;
  readonly body: string;
}

/** The element of a description inside the entry that was sent. */
export function descriptionIn({ body }: AdministrationRequest, kind: string): XmlNode {
  const content = child(child(parseXml(body), 'entry'), 'content');
  const description = child(content, kind);
  if (description === undefined) throw invalidArgument(`The body has no ${kind}.`);
  return description;
}

export function pageOf({ path, query }: AdministrationRequest): Page {
  const skip = wholeNumber(query, '$skip', 0);
  const top = Math.min(wholeNumber(query, '$top', mostOnPage), mostOnPage);
  return { path, skip, top: Math.max(top, 1) };
}

function wholeNumber(query: URLSearchParams, name: string, ifMissing: number): number {
  const text = query.get(name);
  if (text === null) return ifMissing;
  if (!/^\d{1,9}$/.test(text)) throw invalidArgument(`${name} must be a whole number.`);
  return Number(text);
}

export function methodNotAllowed({ method, path }: AdministrationRequest): BrokerFault {
  return new BrokerFault('amqp:not-allowed', 405, `${method} is not possible on '${path}'.`);
}
