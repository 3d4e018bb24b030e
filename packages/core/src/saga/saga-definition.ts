import type { HandlerContext } from '../handling/handler-context.ts';
import type { AnyMessage, AnyReply, MessageType } from '../message/message-brand.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { SagaContext } from './saga-context.ts';
import type { AnySaga, SagaHints } from './saga-description.ts';
import type { Correlate, SagaFinder } from './saga-finder.ts';

/** How a message finds its instance: by its correlation value, where the saga has one, or by a query of your own. */
export type FindsBy<M, Correlated extends boolean> = Correlated extends true
  ? Correlate<M> | SagaFinder<M>
  : SagaFinder<M>;

/**
 * A saga without a class. Each member gives a new definition with one handler more; none changes the one that it is
 * called on. A message type has one handler in a saga; one of an event gets the events that extend it, too.
 *
 * The last parameter says what the handler does, for {@link sagaDiagram} only.
 *
 * @throws BusbarError NOT_A_MESSAGE, INVALID_SAGA from each member
 */
export interface SagaDefinition<
  State extends object = object,
  Correlated extends boolean = boolean,
> extends AnySaga {
  /** Handles a message that starts an instance, unless it finds one. Several types may start it, in any order. */
  startedBy<M extends AnyMessage, R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    type: MessageType<M>,
    finds: FindsBy<NoInfer<M>, Correlated>,
    handle: (message: NoInfer<M>, saga: SagaContext<State, R, Storage>) => unknown,
    hints?: SagaHints,
  ): SagaDefinition<State, Correlated>;
  /** Handles a message for an instance that exists. */
  continuedBy<M extends AnyMessage, R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    type: MessageType<M>,
    finds: FindsBy<NoInfer<M>, Correlated>,
    handle: (message: NoInfer<M>, saga: SagaContext<State, R, Storage>) => unknown,
    hints?: SagaHints,
  ): SagaDefinition<State, Correlated>;
  /** Handles replies to what the instance sent or published: they find it by its id. */
  onReply<M extends AnyReply, R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    type: MessageType<M>,
    handle: (message: NoInfer<M>, saga: SagaContext<State, R, Storage>) => unknown,
    hints?: SagaHints,
  ): SagaDefinition<State, Correlated>;
  /** Handles timeouts that the instance requested, and nothing else of that type. */
  onTimeout<M extends AnyReply, R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    type: MessageType<M>,
    handle: (message: NoInfer<M>, saga: SagaContext<State, R, Storage>) => unknown,
    hints?: SagaHints,
  ): SagaDefinition<State, Correlated>;
  /**
   * Called for a message that finds no instance and starts none; never for a timeout. It may reply and send.
   *
   * @default a line in the log
   */
  onNotFound<R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    handle: (message: AnyMessage, context: HandlerContext<R, Storage>) => unknown,
  ): SagaDefinition<State, Correlated>;
}
