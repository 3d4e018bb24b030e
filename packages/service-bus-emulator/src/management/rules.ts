import { findEntity } from '../broker/address.ts';
import { entityNotFound, invalidArgument } from '../broker/broker-fault.ts';
import type { Rule, Subscription } from '../broker/subscription.ts';
import { correlationFilter, type CorrelationFields } from '../filters/correlation-filter.ts';
import type { Filter } from '../filters/filter.ts';
import { sqlAction } from '../filters/rule-action.ts';
import { sqlFilter } from '../filters/sql-filter.ts';
import type { SqlValue } from '../filters/sql/sql-value.ts';
import { amqpTypes, asText, described, plain, type Typed } from '../message/amqp-types.ts';
import type { PropertyName } from '../message/message-content.ts';
import { mapEntries } from '../message/map-entries.ts';
import { done, type ManagementContext, type ManagementOperation } from './management-operation.ts';

const code = {
  rule: 0x137_00_00_00_04,
  trueFilter: 0x13_70_00_00_07,
  falseFilter: 0x13_70_00_00_08,
  sqlFilter: 0x13_70_00_00_06,
  correlationFilter: 0x13_70_00_00_09,
  emptyAction: 0x137_00_00_00_05,
  sqlAction: 0x137_00_00_00_06,
} as const;

/** In the order in which a described correlation filter lists them. */
const correlationFields: readonly (readonly [field: string, property: PropertyName])[] = [
  ['correlation-id', 'correlationId'],
  ['message-id', 'messageId'],
  ['to', 'to'],
  ['reply-to', 'replyTo'],
  ['label', 'subject'],
  ['session-id', 'groupId'],
  ['reply-to-session-id', 'replyToGroupId'],
  ['content-type', 'contentType'],
];

export const addRule: ManagementOperation = (context) => {
  const { request } = context;
  const description = request.map('rule-description');
  const sql = mapEntries(description.get('sql-filter')).get('expression');
  const correlation = description.get('correlation-filter');
  const action = plain(mapEntries(description.get('sql-rule-action')).get('expression'));
  subscription(context).addRule(
    request.text('rule-name'),
    readFilter(sql, correlation),
    typeof action === 'string' ? sqlAction(action) : undefined,
  );
  return done;
};

export const removeRule: ManagementOperation = (context) => {
  subscription(context).removeRule(context.request.text('rule-name'));
  return done;
};

export const enumerateRules: ManagementOperation = (context) => {
  const { request } = context;
  const skip = request.integer('skip', 0);
  const rules = [...subscription(context).rules.values()].slice(
    skip,
    skip + request.integer('top', 100),
  );
  if (rules.length === 0) return undefined;
  const list = rules.map((rule) => amqpTypes.wrap({ 'rule-description': describe(rule) }));
  return { rules: amqpTypes.List32(list) };
};

function subscription({ namespace, address }: ManagementContext): Subscription {
  const entity = findEntity(namespace, address.entity);
  if (entity.kind !== 'subscription') throw entityNotFound(address.entity);
  return entity;
}

function readFilter(sql: Typed | undefined, correlation: Typed | undefined): Filter {
  if (sql !== undefined) return sqlFilter(String(plain(sql)));
  if (correlation === undefined) throw invalidArgument('A rule needs a filter.');
  const fields = mapEntries(correlation);
  const properties = new Map<PropertyName, string>();
  for (const [field, property] of correlationFields) {
    const value = plain(fields.get(field));
    if (value !== undefined) properties.set(property, asText(value));
  }
  const applicationProperties = new Map<string, SqlValue>();
  for (const [name, value] of mapEntries(fields.get('properties'))) {
    applicationProperties.set(name, plain(value) as SqlValue);
  }
  return correlationFilter({ properties, applicationProperties });
}

function describe(rule: Rule): Typed {
  const { action } = rule;
  return described(
    code.rule,
    amqpTypes.List32([
      describeFilter(rule.filter),
      action === undefined
        ? described(code.emptyAction, amqpTypes.List32([]))
        : described(code.sqlAction, amqpTypes.List32([amqpTypes.wrap_string(action.expression)])),
      amqpTypes.wrap_string(rule.name),
      amqpTypes.wrap_timestamp(rule.createdAt),
    ]),
  );
}

function describeFilter(filter: Filter): Typed {
  switch (filter.kind) {
    case 'true':
      return described(code.trueFilter, amqpTypes.List32([]));
    case 'false':
      return described(code.falseFilter, amqpTypes.List32([]));
    case 'sql':
      return described(
        code.sqlFilter,
        amqpTypes.List32([amqpTypes.wrap_string(filter.expression)]),
      );
    case 'correlation':
      return described(code.correlationFilter, amqpTypes.List32(correlationList(filter.fields)));
  }
}

function correlationList({ properties, applicationProperties }: CorrelationFields): Typed[] {
  const list = correlationFields.map(([, property]) => amqpTypes.wrap(properties.get(property)));
  const map = Object.fromEntries(applicationProperties);
  return [...list, amqpTypes.wrap(map)];
}
