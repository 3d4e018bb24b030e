import { invalidArgument } from '../broker/broker-fault.ts';
import type { Rule } from '../broker/subscription.ts';
import { correlationFilter } from '../filters/correlation-filter.ts';
import { falseFilter, type Filter, trueFilter } from '../filters/filter.ts';
import { type RuleAction, sqlAction } from '../filters/rule-action.ts';
import { sqlFilter } from '../filters/sql-filter.ts';
import type { SqlParameters, SqlValue } from '../filters/sql/sql-value.ts';
import type { PropertyName } from '../message/message-content.ts';
import { child, children, element, escapeXml, textOf, type XmlNode } from './xml.ts';

const correlationElements: readonly (readonly [element: string, property: PropertyName])[] = [
  ['CorrelationId', 'correlationId'],
  ['MessageId', 'messageId'],
  ['To', 'to'],
  ['ReplyTo', 'replyTo'],
  ['Label', 'subject'],
  ['SessionId', 'groupId'],
  ['ReplyToSessionId', 'replyToGroupId'],
  ['ContentType', 'contentType'],
];

const pair = 'KeyValueOfstringanyType';

export interface RuleDescription {
  readonly name: string | undefined;
  readonly filter: Filter;
  readonly action: RuleAction | undefined;
}

export function readRule(node: XmlNode): RuleDescription {
  return {
    name: textOf(child(node, 'Name')),
    filter: readFilter(child(node, 'Filter')),
    action: readAction(child(node, 'Action')),
  };
}

function readFilter(node: XmlNode | undefined): Filter {
  switch (typeOf(node)) {
    case undefined:
    case 'TrueFilter':
      return trueFilter;
    case 'FalseFilter':
      return falseFilter;
    case 'SqlFilter':
      return sqlFilter(textOf(child(node, 'SqlExpression')) ?? '', readPairs(node, 'Parameters'));
    case 'CorrelationFilter': {
      const properties = new Map<PropertyName, string>();
      for (const [name, property] of correlationElements) {
        const text = textOf(child(node, name));
        if (text !== undefined) properties.set(property, text);
      }
      return correlationFilter({
        properties,
        applicationProperties: readPairs(node, 'Properties'),
      });
    }
    default:
      throw invalidArgument(`There is no filter of the type '${typeOf(node)}'.`);
  }
}

function readAction(node: XmlNode | undefined): RuleAction | undefined {
  if (typeOf(node) !== 'SqlRuleAction') return undefined;
  return sqlAction(textOf(child(node, 'SqlExpression')) ?? '', readPairs(node, 'Parameters'));
}

function typeOf(node: XmlNode | undefined): string | undefined {
  return textOf(child(node, '@type'))?.replace(/^.*:/, '');
}

function readPairs(node: XmlNode | undefined, name: string): SqlParameters {
  const pairs = new Map<string, SqlValue>();
  for (const each of children(child(node, name), pair)) {
    const value = child(each, 'Value');
    const key = textOf(child(each, 'Key'));
    if (key !== undefined) pairs.set(key, readValue(textOf(value) ?? '', typeOf(value)));
  }
  return pairs;
}

function readValue(text: string, type: string | undefined): SqlValue {
  switch (type) {
    case 'double':
    case 'int':
    case 'long':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'dateTime':
      return new Date(text);
    case undefined:
    default:
      return text;
  }
}

export function writeRule({ name, filter, action, createdAt }: Rule): string {
  return [
    writeFilter(filter),
    action === undefined
      ? '<Action i:type="EmptyRuleAction"/>'
      : `<Action i:type="SqlRuleAction">${writeSql(action.expression, action.parameters)}</Action>`,
    element('CreatedAt', new Date(createdAt).toISOString()),
    element('Name', name),
  ].join('');
}

function writeFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'true':
      return `<Filter i:type="TrueFilter">${writeSql('1=1', new Map())}</Filter>`;
    case 'false':
      return `<Filter i:type="FalseFilter">${writeSql('1=0', new Map())}</Filter>`;
    case 'sql':
      return `<Filter i:type="SqlFilter">${writeSql(filter.expression, filter.parameters)}</Filter>`;
    case 'correlation': {
      const { properties, applicationProperties } = filter.fields;
      const fields = correlationElements.map(([name, property]) =>
        element(name, properties.get(property)),
      );
      return `<Filter i:type="CorrelationFilter">${fields.join('')}${writePairs('Properties', applicationProperties)}</Filter>`;
    }
  }
}

function writeSql(expression: string, parameters: SqlParameters): string {
  return `${element('SqlExpression', expression)}<CompatibilityLevel>20</CompatibilityLevel>${writePairs('Parameters', parameters)}`;
}

function writePairs(name: string, pairs: SqlParameters): string {
  if (pairs.size === 0) return '';
  const elements = [...pairs].map(([key, value]) => {
    const text = value instanceof Date ? value.toISOString() : String(value);
    // Clients cut off five characters to find the type: the prefix has to have four, and its colon.
    return `<${pair}>${element('Key', key)}<Value i:type="d6p1:${xmlType(value)}" xmlns:d6p1="http://www.w3.org/2001/XMLSchema">${escapeXml(text)}</Value></${pair}>`;
  });
  return `<${name}>${elements.join('')}</${name}>`;
}

function xmlType(value: SqlValue): string {
  if (value instanceof Date) return 'dateTime';
  return typeof value === 'number' ? 'double' : typeof value;
}
