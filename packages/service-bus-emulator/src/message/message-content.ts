import { randomUUID } from 'node:crypto';
import { amqpTypes, asText, described, encode, plain, type Typed } from './amqp-types.ts';
import { readSections } from './sections.ts';

/** Where a property stands in the list of AMQP's properties section. */
export const propertyIndex = {
  messageId: 0,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  groupId: 10,
  replyToGroupId: 12,
} as const;

export type PropertyName = keyof typeof propertyIndex;

/** What the broker adds when it hands a message out. */
export interface BrokerSections {
  readonly deliveryCount: number;
  readonly annotations: ReadonlyMap<string, Typed>;
}

/** What a sender sent. Its typed values are kept as they came; the body is never decoded. */
export class MessageContent {
  readonly durable: boolean;
  readonly priority: number;
  readonly ttl: number | undefined;
  readonly annotations: ReadonlyMap<string, Typed>;
  /** Bytes of a message as its sender encoded it. */
  readonly size: number;
  /** Bytes of everything before the body. */
  readonly headerSize: number;
  /** The body sections and the footer, encoded. */
  readonly body: Buffer;
  readonly #properties: (Typed | null)[];
  readonly #applicationProperties: Map<string, Typed>;
  #encodedProperties: Buffer | undefined;

  private constructor(parts: ReturnType<typeof readSections>) {
    this.durable = parts.durable;
    this.priority = parts.priority;
    this.ttl = parts.ttl;
    this.annotations = parts.annotations;
    this.size = parts.size;
    this.headerSize = parts.headerSize;
    this.body = parts.body;
    this.#properties = parts.properties;
    this.#applicationProperties = parts.applicationProperties;
  }

  /** @throws MalformedMessage when the bytes are no AMQP message */
  static decode(encoded: Buffer): MessageContent {
    // A copy: a small message must not keep the whole chunk alive that it arrived in.
    const content = new MessageContent(readSections(Buffer.from(encoded)));
    if (content.property('messageId') === undefined) {
      // The SDK renews locks by message id and cannot settle a message without one.
      content.#setProperty('messageId', amqpTypes.wrap_string(randomUUID().replaceAll('-', '')));
    }
    return content;
  }

  /** A copy whose properties can be changed without changing this one's. */
  copy(): MessageContent {
    return new MessageContent({
      durable: this.durable,
      priority: this.priority,
      ttl: this.ttl,
      annotations: this.annotations,
      size: this.size,
      headerSize: this.headerSize,
      body: this.body,
      properties: [...this.#properties],
      applicationProperties: new Map(this.#applicationProperties),
    });
  }

  /** A property as text; binary ids as hexadecimal digits. */
  property(name: PropertyName): string | undefined {
    const value = plain(this.#properties[propertyIndex[name]]);
    return value === undefined ? undefined : asText(value);
  }

  setProperty(name: PropertyName, value: string): void {
    this.#setProperty(name, amqpTypes.wrap_string(value));
  }

  #setProperty(name: PropertyName, value: Typed): void {
    const index = propertyIndex[name];
    while (this.#properties.length <= index) this.#properties.push(null);
    this.#properties[index] = value;
    this.#encodedProperties = undefined;
  }

  get messageId(): string {
    return this.property('messageId') ?? '';
  }

  get sessionId(): string | undefined {
    return this.property('groupId');
  }

  annotation(name: string): unknown {
    return plain(this.annotations.get(name));
  }

  get applicationProperties(): ReadonlyMap<string, Typed> {
    return this.#applicationProperties;
  }

  setApplicationProperty(name: string, value: Typed): void {
    this.#applicationProperties.set(name, value);
    this.#encodedProperties = undefined;
  }

  removeApplicationProperty(name: string): void {
    this.#applicationProperties.delete(name);
    this.#encodedProperties = undefined;
  }

  encode(sections: BrokerSections): Buffer {
    const header = described(
      0x70,
      amqpTypes.List32([
        amqpTypes.wrap_boolean(this.durable),
        amqpTypes.wrap_ubyte(this.priority),
        this.ttl === undefined ? null : amqpTypes.wrap_uint(this.ttl),
        amqpTypes.wrap_boolean(sections.deliveryCount === 0),
        amqpTypes.wrap_uint(sections.deliveryCount),
      ]),
    );
    const annotations = new Map([...this.annotations, ...sections.annotations]);
    const top = encode([header, described(0x72, mapOf(annotations, 'symbol'))]);
    return Buffer.concat([top, this.#encodeProperties(), this.body]);
  }

  /** The properties' sections, kept until a property changes. */
  #encodeProperties(): Buffer {
    this.#encodedProperties ??= encode([
      described(0x73, amqpTypes.List32(this.#properties)),
      ...(this.#applicationProperties.size === 0
        ? []
        : [described(0x74, mapOf(this.#applicationProperties, 'string'))]),
    ]);
    return this.#encodedProperties;
  }
}

function mapOf(entries: ReadonlyMap<string, Typed>, keys: 'symbol' | 'string'): Typed {
  const items: Typed[] = [];
  for (const [key, value] of entries) {
    items.push(keys === 'symbol' ? amqpTypes.wrap_symbol(key) : amqpTypes.wrap_string(key), value);
  }
  return amqpTypes.Map32(items);
}
