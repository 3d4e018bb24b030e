import { invalidArgument } from '../../broker/broker-fault.ts';
import type { PropertyName } from '../../message/message-content.ts';

const properties: Readonly<Record<string, PropertyName>> = {
  messageid: 'messageId',
  correlationid: 'correlationId',
  to: 'to',
  replyto: 'replyTo',
  label: 'subject',
  subject: 'subject',
  sessionid: 'groupId',
  replytosessionid: 'replyToGroupId',
  contenttype: 'contentType',
};

export function isSystemProperty(name: string): boolean {
  return Object.hasOwn(properties, name.toLowerCase());
}

export function systemProperty(name: string): PropertyName {
  const property = properties[name.toLowerCase()];
  if (property === undefined) throw invalidArgument(`There is no system property '${name}'.`);
  return property;
}
