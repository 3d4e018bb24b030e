import { amqpTypes, plain, type Typed } from './amqp-types.ts';
import { checkEncoding } from './check-encoding.ts';
import { MalformedMessage } from './malformed-message.ts';
import { mapEntries } from './map-entries.ts';

const section = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** Only the broker says these; a sender's are dropped, or a forged one would be believed. */
const brokerOwned = new Set([
  'x-opt-sequence-number',
  'x-opt-enqueue-sequence-number',
  'x-opt-enqueued-time',
  'x-opt-locked-until',
  'x-opt-message-state',
  'x-opt-deadletter-source',
  'x-opt-lock-token',
]);

export interface Sections {
  durable: boolean;
  priority: number;
  ttl: number | undefined;
  annotations: Map<string, Typed> | ReadonlyMap<string, Typed>;
  properties: (Typed | null)[];
  applicationProperties: Map<string, Typed>;
  body: Buffer;
  size: number;
  headerSize: number;
}

/** @throws MalformedMessage */
export function readSections(encoded: Buffer): Sections {
  const sections: Sections = {
    durable: false,
    priority: 4,
    ttl: undefined,
    annotations: new Map(),
    properties: [],
    applicationProperties: new Map(),
    body: Buffer.alloc(0),
    size: encoded.length,
    headerSize: encoded.length,
  };
  for (const { code, value, start } of eachSection(encoded)) {
    if (code === section.header) readHeader(sections, value);
    else if (code === section.messageAnnotations) sections.annotations = annotationsIn(value);
    else if (code === section.properties) sections.properties = listIn(value);
    else if (code === section.applicationProperties)
      sections.applicationProperties = mapEntries(value);
    else if (code >= section.data && code <= section.footer) {
      sections.body = encoded.subarray(start);
      sections.headerSize = start;
      break;
    } else if (code !== section.deliveryAnnotations) {
      throw new MalformedMessage(`0x${code.toString(16)} is no section of a message`);
    }
  }
  return sections;
}

/** The encoded messages inside a batch: one in each data section of the envelope. */
export function readBatch(envelope: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (const { code, value } of eachSection(envelope)) {
    if (code === section.data && Buffer.isBuffer(value.value)) messages.push(value.value);
  }
  return messages;
}

/** The value of a message's body section, for the nodes that speak in values: `$cbs` and `$management`. */
export function readBodyValue(encoded: Buffer): Typed | undefined {
  for (const { code, value } of eachSection(encoded)) {
    if (code === section.value) return value;
  }
  return undefined;
}

/** The body of a message as bytes, when its sections are data. */
export function readBodyBytes(body: Buffer): Buffer {
  return Buffer.concat(
    [...eachSection(body)].map(({ code, value }) =>
      code === section.data && Buffer.isBuffer(value.value)
        ? value.value
        : code === section.footer
          ? Buffer.alloc(0)
          : Buffer.from(JSON.stringify(plain(value)) ?? ''),
    ),
  );
}

function* eachSection(encoded: Buffer): Generator<{ code: number; value: Typed; start: number }> {
  const reader = new amqpTypes.Reader(encoded);
  while (reader.remaining() > 0) {
    const start = reader.position;
    checkEncoding(encoded, start, encoded.length, 1);
    let value: Typed;
    try {
      value = reader.read();
    } catch (error) {
      throw new MalformedMessage(`at byte ${start}: ${String(error)}`);
    }
    const code = Number(value.descriptor?.value);
    if (!Number.isInteger(code)) throw new MalformedMessage(`no section begins at byte ${start}`);
    yield { code, value, start };
  }
}

function readHeader(sections: Sections, value: Typed): void {
  const [durable, priority, ttl] = listIn(value).map(plain);
  sections.durable = durable === true;
  if (typeof priority === 'number') sections.priority = priority;
  if (typeof ttl === 'number') sections.ttl = ttl;
}

function annotationsIn(value: Typed): Map<string, Typed> {
  return new Map([...mapEntries(value)].filter(([name]) => !brokerOwned.has(name)));
}

function listIn(value: Typed): Typed[] {
  if (!Array.isArray(value.value)) throw new MalformedMessage('a section is not a list');
  return [...(value.value as Typed[])];
}
