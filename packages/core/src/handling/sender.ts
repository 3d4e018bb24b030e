import type { AnyCommand, AnyEvent, ReplyOf } from '../message/message-brand.ts';
import type { AnyRoutes, RoutedCommand } from '../routing/routes.ts';
import type { PublishOptions, RequestOptions, SendOptions } from './send-options.ts';

/** Options that name where to send, so that the command needs no route. */
export type ToDestination<Options> = Options & { readonly destination: string };

/** What endpoints and handler contexts can send. */
export interface MessageSender<in R extends AnyRoutes = AnyRoutes> {
  /**
   * Sends a command to the endpoint that owns it.
   *
   * @throws BusbarError NO_ROUTE, MESSAGE_INVALID, SERIALIZATION_FAILED and others; rejects, nothing was sent then
   */
  send(command: AnyCommand, options: ToDestination<SendOptions>): Promise<void>;
  send<Command>(command: RoutedCommand<R, Command>, options?: SendOptions): Promise<void>;
  /** Sends a command to this endpoint itself. It needs no route. */
  sendLocal(command: AnyCommand, options?: Omit<SendOptions, 'destination'>): Promise<void>;
  /** Publishes an event to all who subscribe to it, or to an event that it extends. Nobody may. */
  publish(event: AnyEvent, options?: PublishOptions): Promise<void>;
}

/** What an endpoint can send, outside handlers. */
export interface Sender<in R extends AnyRoutes = AnyRoutes> extends MessageSender<R> {
  /**
   * Sends a command and waits for its reply.
   *
   * @throws BusbarError REQUEST_TIMEOUT, REQUEST_ABORTED, REQUEST_IN_HANDLER and what `send` throws; rejects
   */
  request<Command extends AnyCommand>(
    command: Command,
    options: ToDestination<RequestOptions>,
  ): Promise<ReplyOf<Command>>;
  request<Command>(
    command: RoutedCommand<R, Command>,
    options?: RequestOptions,
  ): Promise<ReplyOf<Command>>;
}
