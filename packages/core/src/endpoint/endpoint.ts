import type { MessageSender, Sender } from '../handling/sender.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { Duration } from '../time/duration.ts';
import type { EndpointDiagnostics } from './endpoint-diagnostics.ts';
import type { EndpointHealth } from './endpoint-health.ts';

/** Where an endpoint is in its life. */
export type EndpointState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/** A service's place on the bus: it sends, publishes and requests, and handles what comes to its queue. */
export interface Endpoint<in R extends AnyRoutes = AnyRoutes, Storage = unknown>
  extends Sender<R>, AsyncDisposable {
  readonly name: string;
  readonly state: EndpointState;
  /**
   * Runs `work` in a transaction outside handlers, a web request say, and commits it: the messages that it sends with
   * `session` exist if and only if the transaction commits. Resolves with what `work` gave once that is committed and was
   * dispatched; what could not be dispatched leaves by the relay of the outbox. Inside, the endpoint's own `send` and
   * `publish` refuse to work.
   *
   * @throws BusbarError MISSING_OUTBOX, SESSION_IN_HANDLER, PERSISTENCE_UNAVAILABLE and what `send` throws; rejects, also
   * with what `work` throws. Nothing was committed then, unless the connection was lost during the commit itself.
   */
  transaction<Result>(
    work: (transaction: Storage, session: TransactionalSession<R>) => Promise<Result>,
  ): Promise<Result>;
  readonly session: {
    /**
     * A session over a transaction that the caller has begun and will end. Each message is stored in it as it is sent,
     * and leaves by the relay of the outbox, usually some ten milliseconds after the commit.
     *
     * @throws BusbarError MISSING_OUTBOX, SESSION_IN_HANDLER
     */
    within(transaction: Storage): TransactionalSession<R>;
  };
  /**
   * Loads the transport, checks the configuration against it, connects, provisions or checks the queues, subscribes to
   * the events that have handlers, and receives. Never unsubscribes: an older version may still run beside this one.
   * When it fails everything that was opened is closed, and it may be called again.
   *
   * @throws BusbarError whose help names the fix.
   */
  start(): Promise<void>;
  /**
   * Stops fetching, gives back what has not begun, waits for running handlers, then closes. At the deadline the signals
   * of the running handlers fire and their messages are given back: it never hangs. Calling it again waits for the same.
   */
  stop(options?: StopOptions): Promise<void>;
  /**
   * Makes queues and subscriptions, for deployments that do not let services do it. Works on an endpoint that is not
   * started.
   */
  provision(options?: ProvisionOptions): Promise<ProvisionReport>;
  /** Changes the concurrency limit of a running endpoint; messages in flight are not disturbed. */
  changeConcurrency(concurrency: number): void;
  /** Whether it makes progress, not only whether it is connected. */
  health(): EndpointHealth;
  /** The configuration as one JSON document, without secrets. */
  diagnostics(): EndpointDiagnostics;
}

/** Sends what leaves if and only if its transaction commits; `{ dispatch: 'immediate' }` sends now all the same. */
export interface TransactionalSession<
  in R extends AnyRoutes = AnyRoutes,
> extends MessageSender<R> {}

/** An endpoint whatever its routes: to start, stop and watch, not to send with. */
export type AnyEndpoint = Endpoint<never>;

/** Options of {@link Endpoint.stop}. */
export interface StopOptions {
  /** @default the endpoint's `stopDeadline` */
  readonly deadline?: Duration;
}

/** Options of {@link Endpoint.provision}. */
export interface ProvisionOptions {
  /** Removes subscriptions to events that have no handler any more. @default false */
  readonly prune?: boolean;
}

/** What {@link Endpoint.provision} saw and did. */
export interface ProvisionReport {
  readonly queues: readonly string[];
  readonly subscriptions: readonly string[];
  /** Topics that the input queue is subscribed to without need; none where the transport cannot tell. */
  readonly staleSubscriptions: readonly string[];
  /** They were removed: that was asked, and the transport can tell what a queue is subscribed to. */
  readonly pruned: boolean;
}
