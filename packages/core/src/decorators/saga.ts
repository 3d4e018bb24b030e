import type { HandlerClass } from '../container/handler-container.ts';
import { BusbarError } from '../errors.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { MessageSchema, OutputOf } from '../message/standard-schema.ts';
import type { PlainSagaOptions, SchemaSagaOptions } from '../saga/define-saga.ts';
import type { SagaContext } from '../saga/saga-context.ts';
import { noteSagaClass } from '../saga/saga-methods.ts';
import { type CorrelationKey, type SagaOptions, resolveSagaOptions } from '../saga/saga-options.ts';

/** What a method needs that takes the context of a saga. */
interface TakesState {
  readonly sagaId: string;
  readonly state: object;
}

/** Methods of `Instance` whose context has another state than the saga. */
type Misfits<Instance, State extends object> = {
  [Method in keyof Instance]: Instance[Method] extends (
    message: never,
    context: infer Context,
  ) => unknown
    ? Context extends TakesState
      ? SagaContext<State, AnyRoutes, never> extends Context
        ? never
        : Method
      : never
    : never;
}[keyof Instance];

/** Says what is wrong with a class, where the compiler shows its type. */
interface StateOfMethodDiffers<Method> {
  readonly 'the context of this method has another state than the saga': Method;
}

/** A class decorator for both kinds of decorators. It refuses a class with a method whose context has another state. */
export type SagaDecorator<State extends object> = <Type extends HandlerClass>(
  type: [Misfits<InstanceType<Type>, State>] extends [never]
    ? Type
    : StateOfMethodDiffers<Misfits<InstanceType<Type>, State>>,
  context?: ClassDecoratorContext<Type & (abstract new (...parameters: never[]) => object)>,
) => void;

/**
 * Makes a class a saga. It goes into `sagas`; its methods take messages by `@startedBy`, `@continuedBy`, `@onReply`,
 * `@onTimeout` and `@onNotFound`. The state comes with each call: the class itself keeps nothing between messages.
 *
 * ```ts
 * @saga('Shipping.Shipping', { correlation: 'orderId', initialState: () => ({ orderId: '', billed: false }) })
 * class ShippingSaga {
 *   @startedBy(OrderBilled, ({ orderId }) => orderId)
 *   billed(event: OrderBilled, saga: SagaContext<ShippingState>): void {}
 * }
 * ```
 *
 * @param name instances are stored under it: never change it while there are any
 * @throws BusbarError INVALID_SAGA, UNKNOWN_OPTION
 */
export function saga<
  Schema extends MessageSchema,
  const Correlation extends CorrelationKey<OutputOf<Schema>> = never,
>(name: string, options: SchemaSagaOptions<Schema, Correlation>): SagaDecorator<OutputOf<Schema>>;
export function saga<State extends object, const Correlation extends CorrelationKey<State> = never>(
  name: string,
  options: PlainSagaOptions<State, Correlation>,
): SagaDecorator<State>;
export function saga(name: string, options: unknown): unknown {
  const settings = resolveSagaOptions(name, options as SagaOptions);
  return (type: unknown) => {
    if (typeof type === 'function') {
      noteSagaClass(type as HandlerClass, settings);
      return;
    }
    throw new BusbarError('INVALID_SAGA', `@saga('${name}') is not on a class.`, {
      details: { saga: name },
    });
  };
}
