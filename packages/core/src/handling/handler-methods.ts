import type { HandlerClass } from '../container/handler-container.ts';
import { methodMetadata } from '../decorators/method-metadata.ts';
import { BusbarError } from '../errors.ts';
import type { MessageType } from '../message/message-brand.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { packageCopies } from '../message/package-copies.ts';

/** A method that `@handles` made a handler. */
export interface HandlerMethodDescription {
  readonly messageType: MessageType;
  readonly messageDefinition: MessageDefinition;
  readonly method: PropertyKey;
}

/** What `@handles` notes about methods. */
export const handlerMethodMetadata = methodMetadata<MessageDefinition>('handler-methods');

/**
 * The handler methods of a class, in the order of their source, those of its bases first.
 *
 * @throws BusbarError HANDLER_WITHOUT_METHODS
 */
export function readHandlerMethods(type: HandlerClass): readonly HandlerMethodDescription[] {
  const methods = handlerMethodMetadata.read(type);
  if (methods.length === 0) throw withoutMethods(type);
  return methods.map(({ method, note }) => ({
    messageType: note.type,
    messageDefinition: note,
    method,
  }));
}

function withoutMethods(type: HandlerClass): BusbarError {
  const copies = packageCopies();
  const probable = [
    'Mark at least one method with @handles(Message), imported from @busbar/core/decorators.',
    'If there is one, the decorators did not run: compile the file with standard decorators, or with "experimentalDecorators": true in a tsconfig.json that includes it;',
    "vitest and Vite need experimentalDecorators (or oxc.decorator.legacy), esbuild and tsx either, and Node's own type stripping runs no decorators.",
  ];
  if (copies.length > 1) {
    probable.push(
      `${copies.length} copies of @busbar/core are loaded, maybe of unlike versions: ${copies.join(', ')}.`,
    );
  }
  return new BusbarError(
    'HANDLER_WITHOUT_METHODS',
    `The handler class ${type.name} handles nothing.`,
    {
      help: probable.join(' '),
      details: { handler: type.name, copies },
    },
  );
}
