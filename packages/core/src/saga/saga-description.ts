import type { HandlerClass } from '../container/handler-container.ts';
import type { MessageType } from '../message/message-brand.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { MessageSchema } from '../message/standard-schema.ts';
import type { Correlate, SagaFinder } from './saga-finder.ts';

/** What a message is to a saga. */
export type SagaRole = 'startedBy' | 'continuedBy' | 'onReply' | 'onTimeout';

/** What a handler of a saga does, for {@link sagaDiagram}. Nothing else looks at it. */
export interface SagaHints {
  /** What it sends, publishes or replies. */
  readonly sends?: readonly MessageType[];
  readonly requestsTimeout?: readonly MessageType[];
  /** Whether it may end the instance. */
  readonly completes?: boolean;
}

/** A handler of a saga. */
export interface SagaBinding {
  readonly role: SagaRole;
  /** For logs and failure headers. */
  readonly name: string;
  readonly messageDefinition: MessageDefinition;
  /** How the instance is found, where that is not by its id alone. */
  readonly correlate: Correlate<never> | SagaFinder<never> | undefined;
  readonly hints: SagaHints;
  /** `instance` is that of the class, where there is one. */
  invoke(instance: object | undefined, message: object, context: object): unknown;
}

/** What is called when there is no instance for a message. */
export type NotFoundBinding = Pick<SagaBinding, 'name' | 'invoke'>;

/** What is stated about a saga beside its handlers. */
export interface SagaSettings {
  readonly name: string;
  /** The property of the state that holds the correlation value. */
  readonly correlation: string | undefined;
  readonly initialState: () => object;
  readonly schema: MessageSchema | undefined;
  readonly version: number;
  readonly migrate: ((state: object, from: number) => unknown) | undefined;
  readonly pessimistic: boolean;
}

/** A saga, in whichever form it was written. */
export interface SagaDescription extends SagaSettings {
  /** The class whose methods its handlers are. */
  readonly type: HandlerClass | undefined;
  /** In the order in which they were written. */
  readonly bindings: readonly SagaBinding[];
  readonly notFound: NotFoundBinding | undefined;
}

/** Where a definition keeps its description. */
export const sagaDescription: unique symbol = Symbol.for('busbar.saga');

/** A saga made by `defineSaga`, whatever its state. */
export interface AnySaga {
  readonly [sagaDescription]: SagaDescription;
  /** Instances are stored under it. */
  readonly name: string;
}

/** What goes into `sagas`: what `defineSaga` made, or a class with `@saga`. */
export type SagaEntry = AnySaga | HandlerClass;

/** Whether `value` was made by `defineSaga`. */
export function isSaga(value: unknown): value is AnySaga {
  return typeof value === 'object' && value !== null && sagaDescription in value;
}
