import { BusbarError, type ErrorCode } from '../errors.ts';
import type { MethodMetadata } from './method-metadata.ts';

/** Which decorator it is, for its errors. */
export interface DecoratorName {
  /** As it was written, such as `@handles(PlaceOrder)`. */
  readonly text: string;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Notes something about a decorated method, in both kinds of decorators: standard ones give a context, legacy ones the
 * name of the method.
 *
 * @throws BusbarError with the code of the decorator, for what is no public method of the instance
 */
export function noteMethod<Note>(
  metadata: MethodMetadata<Note>,
  note: Note,
  decorator: DecoratorName,
  target: unknown,
  contextOrKey: ClassMethodDecoratorContext<never> | string | symbol,
): void {
  const [owner, method] =
    typeof contextOrKey === 'object'
      ? [standardOwner(decorator, contextOrKey), contextOrKey.name]
      : [legacyOwner(decorator, target as object, contextOrKey), contextOrKey];
  metadata.add(owner, method, note);
}

function standardOwner(
  decorator: DecoratorName,
  context: ClassMethodDecoratorContext<never>,
): object {
  const { kind, name, metadata } = context;
  if (kind !== 'method') throw refuse(decorator, name, `is a ${String(kind)}, not a method`);
  if (context.static) throw refuse(decorator, name, 'is static');
  if (context.private) throw refuse(decorator, name, 'is private');
  if (typeof metadata === 'object' && metadata !== null) return metadata;
  throw refuse(
    decorator,
    name,
    'got no metadata object from the compiler',
    'Use a compiler of the current proposal (TypeScript 5.2 or newer, esbuild, or SWC with decoratorVersion 2023-11), and import @busbar/core/decorators before the class is made.',
  );
}

function legacyOwner(decorator: DecoratorName, target: object, method: string | symbol): object {
  if (typeof target === 'function') throw refuse(decorator, method, 'is static');
  if (typeof Object.getOwnPropertyDescriptor(target, method)?.value !== 'function') {
    throw refuse(decorator, method, 'is not a method');
  }
  return target.constructor;
}

function refuse(
  { text, code, details }: DecoratorName,
  method: string | symbol,
  reason: string,
  help?: string,
): BusbarError {
  return new BusbarError(code, `${text} cannot be on '${String(method)}': it ${reason}.`, {
    help: help ?? 'Put the decorator on a public method of the instance.',
    details: { ...details, method: String(method) },
  });
}
