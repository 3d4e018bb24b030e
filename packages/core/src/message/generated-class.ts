import type { MessageKind, MessageType } from './message-brand.ts';
import { type MessageDefinition, define, messageTemplate } from './message-definition.ts';
import { type LooseOptions, invalid, readOptions } from './read-options.ts';
import { assignOwn } from './own-properties.ts';
import { inheritSchema } from './inherit-schema.ts';
import { isStandardSchema, type MessageSchema } from './standard-schema.ts';

type AnyClass = new (payload?: object) => object;

/** Makes the class that a message class extends: its constructor takes the payload over, its static side the definition. */
export function generateClass(
  kind: MessageKind,
  name: string,
  declared: readonly [(MessageSchema | LooseOptions)?],
): AnyClass {
  const { definition, base } = readOptions(kind, name, readDeclared(declared));
  const generated = base === undefined ? rootClass() : derivedClass(name, base);
  Object.defineProperty(generated, 'name', { value: name });
  const schema = inheritSchema(base, definition.schema);
  const template = define({
    ...definition,
    type: generated as unknown as MessageType,
    ...(schema !== undefined && { schema }),
  });
  Object.defineProperty(generated, messageTemplate, { value: template });
  return generated;
}

function readDeclared(declared: readonly [(MessageSchema | LooseOptions)?]): LooseOptions {
  if (declared.length === 0) return {};
  const [schemaOrOptions] = declared;
  // What was written but is undefined must not mean "no schema": the messages would go unchecked.
  if (schemaOrOptions === undefined) return { schema: undefined };
  return isStandardSchema(schemaOrOptions) ? { schema: schemaOrOptions } : schemaOrOptions;
}

function rootClass(): AnyClass {
  return class {
    constructor(payload?: object) {
      if (payload !== undefined) assignOwn(this, payload);
    }
  };
}

function derivedClass(name: string, base: MessageDefinition): AnyClass {
  if (!(messageTemplate in base.type)) {
    throw invalid(
      name,
      `It extends the plain class ${base.name}, whose constructor need not take a payload; write event('${name}', { extends: … })(class extends …).`,
    );
  }
  return class extends (base.type as unknown as AnyClass) {};
}
