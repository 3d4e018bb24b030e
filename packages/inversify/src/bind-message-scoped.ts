import type { MessageScope } from '@busbar/core';
import type { Bind, ResolutionContext, ServiceIdentifier } from 'inversify';
import { runningMessage } from './message-scope.ts';

/** What inversify calls for a binding of a message. */
type Builder = (context: ResolutionContext) => unknown;

/** The builders of all bindings that live as long as one message, by which a plan tells them. */
const builders = new WeakSet<Builder>();

/**
 * Binds what each message has one of: a unit of work, a tenant, a correlated logger. `make` is called when a message
 * first asks, and everything that is resolved for the same message gets the same value, however many containers and
 * calls are in between. When the handlers have ended, the value's `[Symbol.asyncDispose]` or `[Symbol.dispose]` is
 * called, also when they failed: what is shared by messages must not be returned itself.
 *
 * A singleton cannot depend on it, which is found at start.
 *
 * @param container a container, or what the function of a `ContainerModule` is given
 */
export function bindMessageScoped<T>(
  container: { readonly bind: Bind },
  service: ServiceIdentifier<T>,
  make: (message: MessageScope, context: ResolutionContext) => T | Promise<T>,
): void {
  const build = (context: ResolutionContext): T | Promise<T> => {
    const message = runningMessage(nameOf(service));
    const values = (message.values ??= new Map<object, unknown>());
    if (values.has(build)) return values.get(build) as T | Promise<T>;
    const made = make(message.scope, context);
    values.set(build, made);
    return made;
  };
  builders.add(build);
  container.bind<T>(service).toDynamicValue(build).inTransientScope();
}

/** Whether a dynamic binding was made by {@link bindMessageScoped}. */
export function isMessageScoped(builder: unknown): boolean {
  return typeof builder === 'function' && builders.has(builder as Builder);
}

/** A service as a message shows it. */
export function nameOf(service: unknown): string {
  return typeof service === 'function' ? service.name : String(service);
}
