import { BusbarError } from '../errors.ts';
import type { Headers } from '../headers.ts';

/** What tells instances apart. Equal texts are equal: `7` and `'7'` mean the same instance. */
export type CorrelationValue = string | number | bigint;

/** Takes the correlation value from a message or its headers. */
export type Correlate<M> = (message: M, headers: Headers) => CorrelationValue;

/** What a finder has to look with. */
export interface FinderContext<Storage = unknown> {
  /** The transaction of the attempt. */
  readonly storage: Storage;
  readonly headers: Headers;
}

/** The instance that a finder found: by its id, or by its correlation value. */
export type FoundSaga =
  | { readonly sagaId: string; readonly correlation?: undefined }
  | { readonly correlation: CorrelationValue; readonly sagaId?: undefined };

const brand: unique symbol = Symbol.for('busbar.saga-finder');

/** Made by {@link finder}. */
export interface SagaFinder<in M> {
  readonly [brand]: true;
  readonly find: (
    message: M,
    context: FinderContext<never>,
  ) => FoundSaga | undefined | Promise<FoundSaga | undefined>;
}

/**
 * Finds the instance for a message by a query of your own, instead of a correlation value.
 *
 * ```ts
 * .continuedBy(PaymentFailed, finder(async ({ paymentId }, { storage }) => {
 *   const order = await orderOf(storage, paymentId);
 *   return order && { correlation: order.id };
 * }), async (failed, saga) => { … })
 * ```
 *
 * A correlation value that no instance has lets a message of `startedBy` start one; an id never does. `undefined` is no
 * instance.
 *
 * @throws BusbarError INVALID_SAGA when `find` is no function
 */
export function finder<M, Storage = unknown>(
  find: (
    message: M,
    context: FinderContext<Storage>,
  ) => FoundSaga | undefined | Promise<FoundSaga | undefined>,
): SagaFinder<M> {
  if (typeof find !== 'function') {
    throw new BusbarError('INVALID_SAGA', `finder() was given ${typeof find}, not a function.`);
  }
  return Object.freeze({ [brand]: true as const, find });
}

/** Whether `value` was made by `finder`. */
export function isSagaFinder(value: unknown): value is SagaFinder<object> {
  return typeof value === 'object' && value !== null && brand in value;
}
