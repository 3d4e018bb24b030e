import assert from 'node:assert/strict';
import {
  type Clock,
  type DeliveryAttempt,
  type DispatchResult,
  type FailedAttempt,
  type FailureDecision,
  type QueueDefinition,
  type Receiver,
  type TransactionMode,
  type TransportCapabilities,
  type TransportConnection,
  type TransportOperation,
  silentLogger,
  systemClock,
} from '@busbar/core';
import type { HarnessHook, TransportHarness } from './harness.ts';
import { Inbox } from './inbox.ts';
import { NotApplicable } from './not-applicable.ts';
import { type MessageInit, randomLetters, toQueue } from './operations.ts';
import { type Gate, gate } from './signals.ts';
import type { ConformanceSizes } from './sizes.ts';
import { Waits } from './waits.ts';

/** How a test receives; what is left out suits most. */
export interface ReceiveOptions {
  readonly connection?: TransportConnection;
  /** @default 8 */
  readonly concurrency?: number;
  /** @default false */
  readonly ordered?: boolean;
  /** @default 50 */
  readonly suspicionAfter?: number;
  /** @default the test fails, since no attempt should */
  readonly onError?: (failure: FailedAttempt) => Promise<FailureDecision>;
}

/** What a test works with: connections, queues and receivers that are cleared away behind it, and bounded waits. */
export class ScenarioContext {
  readonly harness: TransportHarness;
  readonly capabilities: TransportCapabilities;
  readonly mode: TransactionMode;
  readonly sizes: ConformanceSizes;
  /** What reached the hook for critical errors; the test fails unless it asked for them. */
  readonly criticals: Error[] = [];
  readonly #connections: TransportConnection[] = [];
  readonly #receivers: Receiver[] = [];
  readonly #gates: Gate[] = [];
  readonly #cleanups: (() => void | Promise<void>)[] = [];
  readonly #waits: Waits;
  #criticalsExpected = false;
  #main: TransportConnection | undefined;

  constructor(
    harness: TransportHarness,
    mode: TransactionMode,
    sizes: ConformanceSizes,
    limitMs: number,
  ) {
    this.harness = harness;
    this.capabilities = harness.transport.capabilities;
    this.mode = mode;
    this.sizes = sizes;
    this.#waits = new Waits(limitMs);
  }

  /** The connection that a test uses when it does not say which. */
  get connection(): TransportConnection {
    assert(this.#main !== undefined, 'the context is not open');
    return this.#main;
  }

  async open(): Promise<void> {
    this.#main = await this.connect();
  }

  async connect(clock: Clock = systemClock): Promise<TransportConnection> {
    const connecting = this.harness.transport.connect({
      endpoint: 'conformance',
      instance: randomLetters(),
      clock,
      logger: silentLogger,
      onCritical: (error) => this.criticals.push(error),
    });
    const connection = await this.until(connecting, 'a connection');
    this.#connections.push(connection);
    return connection;
  }

  /** A hook of the harness. A transport that cannot offer it skips the scenario, with its reason. */
  hook<K extends HarnessHook>(name: K): NonNullable<TransportHarness[K]> {
    const hook = this.harness[name];
    assert(
      hook !== undefined,
      `The harness has no \`${name}\`. Add it, or list this scenario in \`skips\` with the reason.`,
    );
    return hook;
  }

  /** Ends the test as skipped unless the transport has the capability. */
  needs(capability: boolean, reason: string): void {
    if (!capability) throw new NotApplicable(reason);
  }

  name(label: string): string {
    return this.harness.name?.(label) ?? `${label}-${randomLetters()}`;
  }

  /** Provisions a queue of a name that nobody else has. */
  async queue(label = 'queue', settings: Omit<QueueDefinition, 'name'> = {}): Promise<string> {
    const name = this.name(label);
    const provisioning = this.connection.queues.provision([{ name, ...settings }]);
    await this.until(provisioning, `queue ${name} to be provisioned`);
    return name;
  }

  /** Dispatches and expects that all of it is confirmed. */
  async dispatch(
    operations: readonly TransportOperation[],
    connection = this.connection,
  ): Promise<readonly DispatchResult[]> {
    const results = await this.until(connection.dispatch(operations), 'a dispatch');
    assert.equal(results.length, operations.length, 'one result per operation');
    for (const result of results) assert.equal(result.outcome, 'confirmed', describe(result));
    return results;
  }

  async send(queue: string, init: MessageInit = {}, connection = this.connection): Promise<void> {
    await this.dispatch([toQueue(queue, init)], connection);
  }

  /** Sends one message for each id, in order. */
  async sendAll(queue: string, ids: readonly string[]): Promise<void> {
    await this.dispatch(ids.map((id) => toQueue(queue, { id })));
  }

  inbox(): Inbox {
    return new Inbox((promise, what) => this.until(promise, what));
  }

  /** Starts a receiver. `handle` returns what should be sent together with settling, if anything. */
  async receive(
    queue: string,
    handle: (attempt: DeliveryAttempt) => Promise<void | readonly TransportOperation[]> | void,
    options: ReceiveOptions = {},
  ): Promise<Receiver> {
    const connection = options.connection ?? this.connection;
    const receiver = connection.createReceiver({
      queue,
      concurrency: options.concurrency ?? 8,
      ordered: options.ordered ?? false,
      suspicionAfter: options.suspicionAfter ?? 50,
    });
    this.#receivers.push(receiver);
    await this.start(receiver, handle, options);
    return receiver;
  }

  async start(
    receiver: Receiver,
    handle: (attempt: DeliveryAttempt) => Promise<void | readonly TransportOperation[]> | void,
    options: ReceiveOptions = {},
  ): Promise<void> {
    const connection = options.connection ?? this.connection;
    const starting = receiver.start(
      async (attempt) => this.complete(attempt, (await handle(attempt)) ?? [], connection),
      options.onError ?? ((failure) => this.#unexpected(failure)),
    );
    await this.until(starting, `the receiver of ${receiver.queue} to start`);
  }

  /** Sends and settles as the transaction mode has it. */
  async complete(
    { delivery }: DeliveryAttempt,
    operations: readonly TransportOperation[] = [],
    connection = this.connection,
  ): Promise<'settle' | 'settled'> {
    if (this.mode === 'receive-only') {
      if (operations.length > 0) await this.dispatch(operations, connection);
      return 'settle';
    }
    assert(delivery.settleWith !== undefined, 'deliveries offer settleWith in this mode');
    const results = await delivery.settleWith(operations);
    for (const result of results) assert.equal(result.outcome, 'confirmed', describe(result));
    return 'settled';
  }

  /** Stops as long as it takes, or until `signal` fires. */
  async stop(
    receiver: Receiver,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    await this.until(receiver.stop(signal), `the receiver of ${receiver.queue} to stop`);
  }

  /** Expects that nothing is left; the receivers of the queue are stopped. */
  async expectEmpty(queue: string): Promise<void> {
    const left = await this.until(this.connection.queues.peek(queue, 10), 'a peek');
    const ids = left.map(({ headers }) => JSON.stringify(headers));
    assert.deepEqual(ids, [], `queue ${queue} should be empty`);
  }

  /** A door that opens by itself when the test ends, so that no handler is left behind. */
  gate(): Gate {
    const made = gate();
    this.#gates.push(made);
    return made;
  }

  cleanUp(action: () => void | Promise<void>): void {
    this.#cleanups.push(action);
  }

  expectCriticals(): void {
    this.#criticalsExpected = true;
  }

  /** Fails the test from a callback whose rejection nobody would see. */
  fail(error: Error): void {
    this.#waits.fail(error);
  }

  /** Waits, but not beyond the limit, nor once the test has failed elsewhere. */
  until<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
    return this.#waits.until(promise, what);
  }

  /** Ends what was opened, then fails for what went wrong unseen. */
  async close(): Promise<void> {
    for (const { open } of this.#gates) open();
    this.#waits.clear();
    const now = AbortSignal.abort();
    const ending: Promise<unknown>[] = [
      ...this.#cleanups.map(async (cleanUp) => cleanUp()),
      ...this.#receivers.map((receiver) => receiver.stop(now)),
    ];
    await this.#waits.end(ending, 'the receivers to stop');
    await this.#waits.end(
      this.#connections.map((connection) => connection.close()),
      'the connections to close',
    );
    await this.harness.close?.();
    if (this.#waits.failure !== undefined) throw this.#waits.failure;
    if (!this.#criticalsExpected && this.criticals[0] !== undefined) throw this.criticals[0];
  }

  async #unexpected(failure: FailedAttempt): Promise<FailureDecision> {
    this.fail(failure.error);
    return { action: 'release' };
  }
}

function describe(result: DispatchResult): string {
  return 'reason' in result ? `${result.outcome}: ${result.reason}` : result.outcome;
}
