import { invalidArgument } from '../broker/broker-fault.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { child, element, textOf, type XmlNode } from './xml.ts';

type FieldType = 'text' | 'integer' | 'boolean' | 'duration' | 'status' | 'entity';

/** How a setting stands in a description. */
export interface SettingField<S> {
  readonly element: string;
  readonly setting: keyof S & string;
  readonly type: FieldType;
}

const statuses: readonly string[] = ['Active', 'Disabled', 'SendDisabled', 'ReceiveDisabled'];

/** The settings that a description names; what it leaves out is not in the result. */
export function readSettings<S>(fields: readonly SettingField<S>[], node: XmlNode): Partial<S> {
  const settings: Partial<Record<string, unknown>> = {};
  for (const { element: name, setting, type } of fields) {
    const text = textOf(child(node, name));
    if (text === undefined || (text === '' && type !== 'text')) continue;
    settings[setting] = read(name, type, text);
  }
  return settings as Partial<S>;
}

export function writeSettings<S>(
  fields: readonly SettingField<S>[],
  settings: S,
  host: string,
): string {
  return fields
    .map(({ element: name, setting, type }) => element(name, write(type, settings[setting], host)))
    .join('');
}

function read(name: string, type: FieldType, text: string): unknown {
  switch (type) {
    case 'text':
      return text;
    case 'integer': {
      if (!/^\s*-?\d{1,15}\s*$/.test(text)) {
        throw invalidArgument(`${name} is '${text}'; it must be a whole number.`);
      }
      return Number(text);
    }
    case 'boolean': {
      const value = text.trim().toLowerCase();
      if (value !== 'true' && value !== 'false') {
        throw invalidArgument(`${name} is '${text}'; it must be true or false.`);
      }
      return value === 'true';
    }
    case 'duration':
      return parseDuration(text);
    case 'status':
      if (!statuses.includes(text)) {
        throw invalidArgument(`${name} is '${text}'; it must be one of ${statuses.join(', ')}.`);
      }
      return text;
    case 'entity':
      // Clients write the address of an entity as a URL of its namespace.
      return text.replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/\/+$/, '');
  }
}

function write(type: FieldType, value: unknown, host: string): string | undefined {
  if (value === undefined) return undefined;
  if (type === 'duration') return formatDuration(value as number);
  if (type === 'entity') return `sb://${host}/${value as string}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
