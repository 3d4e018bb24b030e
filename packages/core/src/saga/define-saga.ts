import { BusbarError } from '../errors.ts';
import { definitionOf } from '../message/message-definition.ts';
import type { MessageSchema, OutputOf } from '../message/standard-schema.ts';
import type { SagaDefinition } from './saga-definition.ts';
import {
  type SagaBinding,
  type SagaDescription,
  type SagaHints,
  type SagaRole,
  sagaDescription,
} from './saga-description.ts';
import { type CorrelationKey, type SagaOptions, resolveSagaOptions } from './saga-options.ts';

/** Options of `defineSaga` where the schema gives the state its type. */
export interface SchemaSagaOptions<
  Schema extends MessageSchema,
  Correlation extends string,
> extends SagaOptions<OutputOf<Schema>, Correlation> {
  readonly schema: Schema;
}

/** Options of `defineSaga` where the initial state gives it. */
export interface PlainSagaOptions<
  State extends object,
  Correlation extends string,
> extends SagaOptions<State, Correlation> {
  readonly schema?: undefined;
  migrate?(state: object, from: number): NoInfer<State> | Promise<NoInfer<State>>;
}

type Correlated<Correlation> = [Correlation] extends [never] ? false : true;

/**
 * A process that spans messages and time, and keeps its state safely in between.
 *
 * ```ts
 * const shipping = defineSaga('Shipping.Shipping', {
 *   correlation: 'orderId',
 *   initialState: () => ({ orderId: '', billed: false, packed: false }),
 * })
 *   .startedBy(OrderBilled, ({ orderId }) => orderId, async (_, saga) => {
 *     saga.state.billed = true;
 *   })
 *   .continuedBy(OrderCancelled, ({ orderId }) => orderId, (_, saga) => saga.complete());
 * ```
 *
 * @param name instances are stored under it: never change it while there are any
 * @throws BusbarError INVALID_SAGA, UNKNOWN_OPTION
 */
export function defineSaga<
  Schema extends MessageSchema,
  const Correlation extends CorrelationKey<OutputOf<Schema>> = never,
>(
  name: string,
  options: SchemaSagaOptions<Schema, Correlation>,
): SagaDefinition<OutputOf<Schema>, Correlated<Correlation>>;
export function defineSaga<
  State extends object,
  const Correlation extends CorrelationKey<State> = never,
>(
  name: string,
  options: PlainSagaOptions<State, Correlation>,
): SagaDefinition<State, Correlated<Correlation>>;
export function defineSaga(name: string, options: unknown): unknown {
  const settings = resolveSagaOptions(name, options as SagaOptions);
  return new BuiltSaga({ ...settings, type: undefined, bindings: [], notFound: undefined });
}

type Handle = (message: object, context: object) => unknown;
type Finds = SagaBinding['correlate'];

/** Typed by {@link SagaDefinition}; here handlers are whatever came. */
class BuiltSaga {
  readonly [sagaDescription]: SagaDescription;
  readonly name: string;

  constructor(description: SagaDescription) {
    this[sagaDescription] = Object.freeze(description);
    this.name = description.name;
    Object.freeze(this);
  }

  startedBy(type: unknown, finds: Finds, handle: Handle, hints?: SagaHints): BuiltSaga {
    return this.#with('startedBy', type, finds, handle, hints);
  }

  continuedBy(type: unknown, finds: Finds, handle: Handle, hints?: SagaHints): BuiltSaga {
    return this.#with('continuedBy', type, finds, handle, hints);
  }

  onReply(type: unknown, handle: Handle, hints?: SagaHints): BuiltSaga {
    return this.#with('onReply', type, undefined, handle, hints);
  }

  onTimeout(type: unknown, handle: Handle, hints?: SagaHints): BuiltSaga {
    return this.#with('onTimeout', type, undefined, handle, hints);
  }

  onNotFound(handle: Handle): BuiltSaga {
    const description = this[sagaDescription];
    const name = `${this.name} (not found)`;
    if (description.notFound !== undefined)
      throw invalid(this.name, 'onNotFound', 'is given twice');
    checkHandle(this.name, 'onNotFound', handle);
    return new BuiltSaga({ ...description, notFound: { name, invoke: called(handle) } });
  }

  #with(
    role: SagaRole,
    type: unknown,
    correlate: Finds,
    handle: Handle,
    hints: SagaHints = {},
  ): BuiltSaga {
    const description = this[sagaDescription];
    const messageDefinition = definitionOf(type);
    checkHandle(this.name, `${role}(${messageDefinition.name})`, handle);
    const binding: SagaBinding = {
      role,
      name: `${this.name} (${messageDefinition.name})`,
      messageDefinition,
      correlate,
      hints,
      invoke: called(handle),
    };
    return new BuiltSaga({ ...description, bindings: [...description.bindings, binding] });
  }
}

function called(handle: Handle): SagaBinding['invoke'] {
  return (_instance, message, context) => handle(message, context);
}

function checkHandle(saga: string, where: string, handle: unknown): void {
  if (typeof handle === 'function') return;
  throw invalid(saga, where, `was given no function to handle it, but ${typeof handle}`);
}

function invalid(saga: string, where: string, what: string): BusbarError {
  return new BusbarError('INVALID_SAGA', `The saga ${saga}: ${where} ${what}.`, {
    details: { saga },
  });
}
