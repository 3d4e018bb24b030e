import { BusbarError, type HandlerClass } from '@busbar/core';
import type { Container } from 'inversify';
import { checkClass } from './check-class.ts';
import { type PlanFacts, checkPlan } from './check-plan.ts';
import { newable } from './newable.ts';
import { type Plan, planOf } from './plan.ts';

/** How inversify's own errors begin, and what mends each. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /^No bindings found/,
    'Bind it in the container that inversify() was given, before the endpoint starts. A token that was made twice, such as by Symbol() in two places or by two copies of a file, counts as two.',
  ],
  [
    /^Ambiguous bindings/,
    'Leave one binding, tell them apart with @named or @tagged, or take all of them with @multiInject.',
  ],
  [
    /^Circular dependency/,
    'Break the circle: inject a factory, or move what both need into a third class.',
  ],
  [
    /missing metadata|Missing or incomplete metadata/,
    'Write @inject(Token) on each parameter, or set "emitDecoratorMetadata": true in the tsconfig; esbuild and tsx record no types whatever the tsconfig says.',
  ],
];

/**
 * Finds whether the container could make the handler, without making anything: what is constructed at start would be a
 * side effect that nobody asked for.
 *
 * @param childFor makes a container like the one that handlers are resolved from, to be thrown away
 * @throws BusbarError HANDLER_RESOLUTION_FAILED, INCOMPATIBLE_PACKAGE
 */
export function verifyHandler(
  type: HandlerClass,
  handlers: Container,
  childFor: () => Container,
): PlanFacts {
  // A class that the application has bound may be made by a function, which needs no decorators.
  if (!handlers.isBound(newable(type))) {
    checkClass(type);
    handlers.bind(newable(type)).toSelf();
  }
  return checkPlan(type, plan(type, childFor()));
}

function plan(type: HandlerClass, container: Container): Plan {
  try {
    return planOf(container, type);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const said = (text.split('Binding constraints:')[0] ?? text).replace(/\s+/g, ' ').trim();
    throw new BusbarError(
      'HANDLER_RESOLUTION_FAILED',
      `inversify cannot make ${type.name}: ${said.replace(/[^.]$/, '$&.')}`,
      {
        help: remedies.find(([beginning]) => beginning.test(text))?.[1] ?? 'Correct the bindings.',
        cause: error,
        details: { handler: type.name },
      },
    );
  }
}
