import type { HandlerClass } from '../container/handler-container.ts';
import { classChain, methodMetadata } from '../decorators/method-metadata.ts';
import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { shared } from '../message/package-copies.ts';
import type {
  NotFoundBinding,
  SagaBinding,
  SagaDescription,
  SagaRole,
  SagaSettings,
} from './saga-description.ts';

/** What a decorator noted about a method of a saga. */
export type SagaMethodNote =
  | {
      readonly role: SagaRole;
      readonly messageDefinition: MessageDefinition;
      readonly correlate: SagaBinding['correlate'];
      readonly hints: SagaBinding['hints'];
    }
  | { readonly role: 'onNotFound' };

/** What the decorators of methods noted. */
export const sagaMethodMetadata = methodMetadata<SagaMethodNote>('saga-methods');

/** What `@saga` noted, by class. */
const sagaClasses = shared('busbar.saga-classes', () => new WeakMap<object, SagaSettings>());

/** Makes a class a saga with these settings. */
export function noteSagaClass(type: HandlerClass, settings: SagaSettings): void {
  sagaClasses.set(type, settings);
}

/**
 * The saga that a class is; its handlers in the order of their source, those of its bases first.
 *
 * @throws BusbarError INVALID_SAGA
 */
export function readSagaClass(type: HandlerClass): SagaDescription {
  const owner = [...classChain(type)].find((each) => sagaClasses.has(each));
  const settings = owner === undefined ? undefined : sagaClasses.get(owner);
  if (settings === undefined) {
    const help =
      "Write @saga('Service.Name', { initialState: … }) on it, or list it in `handlers`.";
    throw invalid(type, 'is no saga', help);
  }
  const bindings: SagaBinding[] = [];
  let notFound: NotFoundBinding | undefined;
  for (const { method, note } of sagaMethodMetadata.read(type)) {
    const binding = { name: `${type.name}.${String(method)}`, invoke: caller(type, method) };
    if (note.role !== 'onNotFound') bindings.push({ ...note, ...binding });
    else if (notFound === undefined) notFound = binding;
    else throw invalid(type, 'has @onNotFound twice', 'Leave one of the two out.');
  }
  if (bindings.length === 0) {
    const help =
      'Mark its methods with @startedBy, @continuedBy, @onReply and @onTimeout, imported from @busbar/core/decorators. If there are some, the decorators did not run: compile the file with decorators.';
    throw invalid(type, 'handles nothing', help);
  }
  return { ...settings, type, bindings, notFound };
}

function caller(type: HandlerClass, method: PropertyKey): SagaBinding['invoke'] {
  return (instance, message, context) => {
    const handle: unknown = (instance as Record<PropertyKey, unknown>)[method];
    if (typeof handle !== 'function') throw noMethod(type, method);
    return handle.call(instance, message, context);
  };
}

function noMethod(type: HandlerClass, method: PropertyKey): BusbarError {
  return new BusbarError(
    'HANDLER_RESOLUTION_FAILED',
    `What the container gave for ${type.name} has no method '${String(method)}'.`,
    { help: `Bind ${type.name} to an instance of it.`, details: { handler: type.name } },
  );
}

function invalid(type: HandlerClass, what: string, help: string): BusbarError {
  return new BusbarError('INVALID_SAGA', `The class ${type.name} ${what}.`, {
    help,
    details: { saga: type.name },
  });
}
