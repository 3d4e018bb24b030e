import type { HandlerClass } from '@busbar/core';
import type { Container } from 'inversify';
import { newable } from './newable.ts';

/*
 * inversify plans before it constructs, and a plugin sees the plan. What is read of it here are the parts that
 * inversify's own plugins rely on; the names are inversify's.
 */

/** One service of a plan, and what it is bound to. */
export interface PlannedService {
  readonly serviceIdentifier: unknown;
  readonly bindings: PlannedBinding | readonly PlannedBinding[] | undefined;
}

/** A binding in a plan, and what it takes in turn. */
export interface PlannedBinding {
  readonly binding: {
    readonly type: string;
    readonly scope?: string;
    readonly serviceIdentifier: unknown;
    /** A constant, or the function of a dynamic value. */
    readonly value?: unknown;
    /** The class that is constructed. */
    readonly implementationType?: HandlerClass;
    readonly onActivation?: unknown;
  };
  readonly classMetadata?: {
    readonly lifecycle: { readonly postConstructMethodNames: ReadonlySet<unknown> };
  };
  readonly constructorParams?: readonly (PlannedService | { readonly isNoParam: true })[];
  readonly propertyParams?: ReadonlyMap<unknown, PlannedService>;
  readonly params?: readonly PlannedService[];
  readonly redirection?: PlannedService;
}

/** What a plugin is given to look around with. */
interface PluginContext {
  readonly bindingService: { getNonParentBindings(service: unknown): Iterable<object> | undefined };
  readonly activationService: { get(service: unknown): Iterable<unknown> | undefined };
}

interface PluginApi {
  onPlan(
    handler: (options: unknown, result: { readonly tree: { root: PlannedService } }) => void,
  ): void;
}

/** A plan, and what only its container knows. */
export interface Plan {
  readonly root: PlannedService;
  /** Whether the binding is the container's own, not one of its parents'. */
  isOwn(binding: PlannedBinding): boolean;
  hasActivation(service: unknown): boolean;
}

/** By this inversify knows a plugin. */
const isPlugin: unique symbol = Symbol.for('@inversifyjs/plugin/isPlugin');

/** Thrown out of inversify when the plan is made and nothing is constructed yet. */
class Planned extends Error {
  readonly root: PlannedService;

  constructor(root: PlannedService) {
    super('planned');
    this.root = root;
  }
}

/**
 * What `container` would do to make a `type`, without doing it. The container is of no more use afterwards.
 *
 * @throws what inversify has against it: a missing, ambiguous or circular binding
 */
export function planOf(container: Container, type: HandlerClass): Plan {
  let context: PluginContext | undefined;
  container.register(
    class {
      readonly [isPlugin] = true;

      constructor(_container: Container, given: PluginContext) {
        context = given;
      }

      load(api: PluginApi): void {
        api.onPlan((_options, { tree }) => {
          throw new Planned(tree.root);
        });
      }
    },
  );
  try {
    container.get(newable(type));
  } catch (thrown) {
    if (!(thrown instanceof Planned)) throw thrown;
    return {
      root: thrown.root,
      isOwn: ({ binding }) => {
        const own = context?.bindingService.getNonParentBindings(binding.serviceIdentifier) ?? [];
        return [...own].includes(binding);
      },
      hasActivation: (service) => context?.activationService.get(service) !== undefined,
    };
  }
  throw new Error(`inversify made a ${type.name} without a plan.`);
}
