import { BusbarError, type HandlerClass } from '@busbar/core';
import {
  type InjectionMetadata,
  baseWithInjection,
  injectionMetadataOf,
} from './injection-metadata.ts';

/** `Reflect.getOwnMetadata` as it was when this module was loaded, to tell whether somebody replaced it since. */
const { getOwnMetadata: firstReader } = Reflect as { readonly getOwnMetadata?: unknown };

const everywhere = 'Write @inject(Token) on the parameter, which works with every compiler';

/**
 * Finds what keeps inversify from constructing the class, and says which setting is likely to have caused it.
 *
 * @throws BusbarError HANDLER_RESOLUTION_FAILED, INCOMPATIBLE_PACKAGE
 */
export function checkClass(type: HandlerClass): void {
  const metadata = injectionMetadataOf(type);
  const { missing, undefinedServices } = metadata;
  if (missing.length > 0) throw missingMetadata(type, metadata);
  if (undefinedServices.length > 0) {
    throw failed(
      type,
      `What to inject as ${parameters(undefinedServices)} of ${type.name} is undefined.`,
      'Two files that import each other cause this: break the circle, or write @inject(new LazyServiceIdentifier(() => Token)).',
    );
  }
  const base = baseWithInjection(type);
  if (base !== undefined) {
    throw failed(
      type,
      `${type.name} inherits the constructor of ${base.name}, and inversify would call it without arguments.`,
      `Put @injectFromBase() on ${type.name}, or give it a constructor.`,
    );
  }
}

function missingMetadata(type: HandlerClass, metadata: InjectionMetadata): BusbarError {
  const { name } = type;
  const which = parameters(metadata.missing);
  if (metadata.decoratedByOldInversify) {
    return new BusbarError(
      'INCOMPATIBLE_PACKAGE',
      `${name} was decorated by inversify 6 or older, and is resolved by inversify 8.`,
      {
        help: 'Find who brings the old one with `npm ls inversify` or `pnpm why inversify`, and leave one version.',
        details: { handler: name },
      },
    );
  }
  if (metadata.recordedTypes !== undefined) return unusableType(type, metadata);
  if (metadata.injectable) {
    return failed(
      type,
      `inversify does not know what to inject as ${which} of ${name}: the compiler recorded no types.`,
      `${everywhere}, or set "emitDecoratorMetadata": true in the tsconfig. esbuild and tsx record no types whatever the tsconfig says, and so do standard decorators.`,
    );
  }
  return failed(
    type,
    `inversify knows nothing of ${which} of ${name}: no decorator of it ran on the class.`,
    `Put @injectable() on the class and @inject(Token) on each parameter. If they are there, they were compiled away: set "experimentalDecorators": true in a tsconfig whose "include" covers the file, since Vite and vitest go by that.${hintAtCopies()}`,
  );
}

function hintAtCopies(): string {
  const { getOwnMetadata } = Reflect as { readonly getOwnMetadata?: unknown };
  if (getOwnMetadata === firstReader) return '';
  return ' Or they ran before another copy of reflect-metadata, or a package like it, hid what they had stored: leave one copy (`npm dedupe`, `pnpm dedupe`) and import it first in the main module.';
}

/** Types were recorded, and what stands for the parameter is no class to look up. */
function unusableType(
  type: HandlerClass,
  { missing, recordedTypes }: InjectionMetadata,
): BusbarError {
  const recorded = missing.map((index) => nameOfType(recordedTypes?.[index]));
  return failed(
    type,
    `inversify does not know what to inject as ${parameters(missing)} of ${type.name}: the compiler recorded the type ${[...new Set(recorded)].join(', ')}.`,
    `${everywhere}. Interfaces, unions and primitives leave no class behind; a class leaves none when it was imported with \`import type\`, which a lint rule (consistent-type-imports, useImportType) may have done.`,
  );
}

function nameOfType(type: unknown): string {
  return typeof type === 'function' ? type.name : String(type);
}

/** Counted from one, as people do. */
function parameters(indexes: readonly number[]): string {
  const numbers = indexes.map((index) => index + 1);
  return `${numbers.length === 1 ? 'parameter' : 'parameters'} ${numbers.join(', ')}`;
}

function failed(type: HandlerClass, message: string, help: string): BusbarError {
  return new BusbarError('HANDLER_RESOLUTION_FAILED', message, {
    help,
    details: { handler: type.name },
  });
}
