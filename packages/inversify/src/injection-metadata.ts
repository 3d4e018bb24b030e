import type { HandlerClass } from '@busbar/core';

/** What inversify knows of one constructor parameter; these are its own keys and numbers, read, never written. */
interface ParameterMetadata {
  readonly kind: number;
  /** The service to inject, unless `kind` is {@link unmanagedKind}. */
  readonly value?: unknown;
}

const classMetadataKey = '@inversifyjs/core/classMetadataReflectKey';
const injectableKey = '@inversifyjs/core/classIsInjectableFlagReflectKey';
const recordedTypesKey = 'design:paramtypes';
/** Where inversify 6 and older kept theirs. */
const oldKeys = ['inversify:paramtypes', 'inversify:tagged'];

const unmanagedKind = 2;
const unknownKind = 32;

/** What the decorators of a class left behind. */
export interface InjectionMetadata {
  /** Whether `@injectable()` ran. */
  readonly injectable: boolean;
  /** Whether an older inversify's decorators ran. */
  readonly decoratedByOldInversify: boolean;
  /** The types that the compiler recorded for the constructor's parameters, where it did. */
  readonly recordedTypes: readonly unknown[] | undefined;
  /** Parameters that must be given and for which nothing to inject is known. */
  readonly missing: readonly number[];
  /** Parameters whose service is known and is `undefined`. */
  readonly undefinedServices: readonly number[];
}

export function injectionMetadataOf(type: HandlerClass): InjectionMetadata {
  const read = readerOf(type);
  const known = knownParametersOf(type);
  const indexes = [...Array(Math.max(type.length, known.length)).keys()];
  const isMissing = (index: number): boolean =>
    known[index] === undefined || known[index].kind === unknownKind;
  return {
    injectable: read(injectableKey) === true,
    decoratedByOldInversify: oldKeys.some((key) => read(key) !== undefined),
    recordedTypes: read(recordedTypesKey) as readonly unknown[] | undefined,
    missing: indexes.filter(isMissing),
    undefinedServices: indexes.filter(
      (index) =>
        !isMissing(index) &&
        known[index]?.kind !== unmanagedKind &&
        known[index]?.value === undefined,
    ),
  };
}

type ReadMetadata = (key: string, target: object) => unknown;

/** inversify brings these functions along; a class has its own metadata, not that of its base. */
function readerOf(type: HandlerClass): (key: string) => unknown {
  const { getOwnMetadata } = Reflect as unknown as { readonly getOwnMetadata?: ReadMetadata };
  return (key) => getOwnMetadata?.(key, type);
}

/**
 * The base class whose constructor `type` inherits without what the base injects there, or undefined. inversify reads
 * only a class's own metadata and would construct such a class without arguments.
 */
export function baseWithInjection(type: HandlerClass): HandlerClass | undefined {
  if (hasConstructor(type) || knownParametersOf(type).length > 0) return undefined;
  let base: unknown = Object.getPrototypeOf(type);
  while (isClass(base) && !hasConstructor(base)) base = Object.getPrototypeOf(base);
  return isClass(base) && knownParametersOf(base).length > 0 ? base : undefined;
}

function isClass(value: unknown): value is HandlerClass {
  return typeof value === 'function' && value !== Function.prototype;
}

/** Only the text of a class tells whether it has a constructor of its own. */
function hasConstructor(type: HandlerClass): boolean {
  return /\bconstructor\s*\(/.test(Function.prototype.toString.call(type));
}

function knownParametersOf(type: HandlerClass): readonly (ParameterMetadata | undefined)[] {
  const metadata = readerOf(type)(classMetadataKey) as
    | { readonly constructorArguments?: readonly (ParameterMetadata | undefined)[] }
    | undefined;
  return metadata?.constructorArguments ?? [];
}
