import { BusbarError, type HandlerClass } from '@busbar/core';
import { isMessageScoped, nameOf } from './bind-message-scoped.ts';
import { checkClass } from './check-class.ts';
import type { Plan, PlannedBinding, PlannedService } from './plan.ts';

/** What a plan tells of the handler. */
export interface PlanFacts {
  /** Whether nothing of it can be a promise, so that it can be resolved in one go. */
  readonly synchronous: boolean;
}

/**
 * Looks through everything that a handler is made of: for classes that inversify would construct without what they
 * need, and for singletons that depend on what belongs to one message and would keep that of the first.
 *
 * @throws BusbarError HANDLER_RESOLUTION_FAILED
 */
export function checkPlan(type: HandlerClass, plan: Plan): PlanFacts {
  const seen = new Set<PlannedService>();
  const seenInSingleton = new Set<PlannedService>();
  let synchronous = true;

  const visit = (service: PlannedService, singleton: PlannedBinding | undefined): void => {
    const visited = singleton === undefined ? seen : seenInSingleton;
    if (visited.has(service)) return;
    visited.add(service);
    for (const binding of bindingsOf(service)) {
      const { implementationType } = binding.binding;
      if (implementationType !== undefined) checkClass(implementationType);
      if (mayBePromise(binding, plan)) synchronous = false;
      const ofMessage = plan.isOwn(binding) || isMessageScoped(binding.binding.value);
      if (ofMessage && singleton !== undefined) throw captive(type, singleton, binding);
      const outlives = !ofMessage && binding.binding.scope === 'Singleton';
      for (const next of dependenciesOf(binding)) {
        visit(next, singleton ?? (outlives ? binding : undefined));
      }
    }
  };
  visit(plan.root, undefined);
  return { synchronous };
}

function bindingsOf({ bindings }: PlannedService): readonly PlannedBinding[] {
  if (bindings === undefined) return [];
  return Array.isArray(bindings)
    ? (bindings as readonly PlannedBinding[])
    : [bindings as PlannedBinding];
}

function dependenciesOf(binding: PlannedBinding): readonly PlannedService[] {
  return [
    ...(binding.constructorParams ?? []),
    ...(binding.propertyParams?.values() ?? []),
    ...(binding.params ?? []),
    ...(binding.redirection === undefined ? [] : [binding.redirection]),
  ].filter((each): each is PlannedService => !('isNoParam' in each));
}

/** Functions and hooks may give a promise, and only calling them would tell. */
function mayBePromise({ binding, classMetadata }: PlannedBinding, plan: Plan): boolean {
  if (binding.type === 'DynamicValue' || binding.type === 'ResolvedValue') return true;
  if (binding.type === 'ConstantValue' && binding.value instanceof Promise) return true;
  if ((classMetadata?.lifecycle.postConstructMethodNames.size ?? 0) > 0) return true;
  return binding.onActivation !== undefined || plan.hasActivation(binding.serviceIdentifier);
}

function captive(
  type: HandlerClass,
  { binding: singleton }: PlannedBinding,
  { binding: ofMessage }: PlannedBinding,
): BusbarError {
  const holder = nameOf(singleton.serviceIdentifier);
  const held = nameOf(ofMessage.serviceIdentifier);
  const who = holder === type.name ? holder : `${holder}, which ${type.name} needs,`;
  return new BusbarError(
    'HANDLER_RESOLUTION_FAILED',
    `${who} is a singleton and depends on ${held}, which belongs to one message: it would keep that of the first message.`,
    {
      help: `Bind ${holder} in transient scope, or let it ask for ${held} when it needs it.`,
      details: { handler: type.name, singleton: holder, messageScoped: held },
    },
  );
}
