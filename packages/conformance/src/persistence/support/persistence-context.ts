import assert from 'node:assert/strict';
import {
  BusbarError,
  type Clock,
  type CommitResult,
  type Delivery,
  type ErrorCode,
  HeldDelivery,
  MemoryBroker,
  type OpenedMessage,
  type PersistenceConnection,
  type SessionChanges,
  type StorageSession,
  type TransportConnection,
  asError,
  memoryTransport,
  pause,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { NotApplicable } from '../../support/not-applicable.ts';
import { randomLetters } from '../../support/operations.ts';
import { type Gate, gate } from '../../support/signals.ts';
import { Waits } from '../../support/waits.ts';
import type { PersistenceHarness, PersistenceHook } from './persistence-harness.ts';

/** How a message is opened; what is left out suits most. */
export interface OpenOptions {
  readonly connection?: PersistenceConnection;
  /** @default one that no transport made */
  readonly delivery?: Delivery;
  /** @default whether the persistence has one */
  readonly outbox?: boolean;
}

/** What a test works with: connections and sessions that are cleared away behind it, and bounded waits. */
export class PersistenceContext {
  readonly harness: PersistenceHarness;
  /** Of the main connection; nobody else has it. */
  readonly endpoint = `endpoint-${randomLetters()}`;
  readonly #waits: Waits;
  readonly #clock: Clock;
  readonly #connections: PersistenceConnection[] = [];
  readonly #sessions = new Set<StorageSession>();
  readonly #gates: Gate[] = [];
  readonly #cleanups: (() => Promise<void>)[] = [];
  #transport: TransportConnection | undefined;
  #main: PersistenceConnection | undefined;
  #over = false;

  constructor(harness: PersistenceHarness, limitMs: number) {
    this.harness = harness;
    this.#waits = new Waits(limitMs);
    this.#clock = harness.clock ?? systemClock;
  }

  /** The connection that a test uses when it does not say which. */
  get connection(): PersistenceConnection {
    assert(this.#main !== undefined, 'the context is not open');
    return this.#main;
  }

  /** What the persistences were given as the endpoint's transport. */
  get transport(): TransportConnection {
    assert(this.#transport !== undefined, 'the context is not open');
    return this.#transport;
  }

  /** The longest that any one wait may take. */
  get limitMs(): number {
    return this.#waits.limitMs;
  }

  async open(): Promise<void> {
    const transport = this.harness.transport ?? memoryTransport({ broker: new MemoryBroker() });
    const host = { instance: randomLetters(), clock: systemClock, logger: silentLogger };
    const onCritical = (error: Error): void => this.fail(error);
    this.#transport = await this.until(
      transport.connect({ ...host, endpoint: this.endpoint, onCritical }),
      'the transport to connect',
    );
    this.#main = await this.connect();
  }

  /** One more connection, as another instance of the endpoint would have. */
  async connect(endpoint = this.endpoint): Promise<PersistenceConnection> {
    const host = { endpoint, clock: this.#clock, logger: silentLogger, transport: this.transport };
    const connecting = this.harness.persistence.connect(host);
    const connection = await this.until(connecting, 'the persistence to connect');
    this.#connections.push(connection);
    return connection;
  }

  hook<K extends PersistenceHook>(name: K): NonNullable<PersistenceHarness[K]> {
    const { harness } = this;
    const hook = harness[name];
    assert(
      hook !== undefined,
      `The harness has no \`${name}\`. Add it, or list this scenario in \`skips\` with the reason.`,
    );
    const bound: unknown = typeof hook === 'function' ? hook.bind(harness) : hook;
    return bound as NonNullable<PersistenceHarness[K]>;
  }

  /** Ends the test as skipped unless the persistence has the capability. */
  needs(capability: boolean, reason: string): void {
    if (!capability) throw new NotApplicable(reason);
  }

  name(label: string): string {
    return `${label}-${randomLetters()}`;
  }

  async look(messageId: string, options: OpenOptions = {}): Promise<OpenedMessage<unknown>> {
    const { connection = this.connection } = options;
    const outbox = options.outbox ?? this.harness.persistence.capabilities.outbox;
    const delivery =
      options.delivery ??
      new HeldDelivery({
        nativeId: '1',
        queue: this.endpoint,
        headers: {},
        body: new Uint8Array(),
      });
    const opening = connection.open({ messageId, headers: delivery.headers, delivery, outbox });
    const opened = await this.until(opening, `message ${messageId} to be opened`);
    if (opened.state === 'new') this.#sessions.add(opened.session);
    return opened;
  }

  /** Looks a message up and ends what that began. */
  async state(
    messageId: string,
    options: OpenOptions = {},
  ): Promise<OpenedMessage<unknown>['state']> {
    const opened = await this.look(messageId, options);
    if (opened.state === 'new') await this.rollback(opened.session);
    return opened.state;
  }

  /** The session of a message that was not handled before. */
  async session(
    messageId = this.name('message'),
    options: OpenOptions = {},
  ): Promise<StorageSession> {
    const opened = await this.look(messageId, options);
    assert(opened.state === 'new', `message ${messageId} is ${opened.state}, it should be new`);
    return opened.session;
  }

  async begin(connection = this.connection): Promise<StorageSession> {
    const session = await this.until(connection.begin(), 'a session to begin');
    this.#sessions.add(session);
    return session;
  }

  async write(session: StorageSession, key: string, value: string): Promise<void> {
    await this.until(
      Promise.resolve(this.harness.write(session.storage, key, value)),
      `${key} to be written`,
    );
  }

  read(key: string): Promise<string | undefined> {
    return this.until(Promise.resolve(this.harness.read(key)), `${key} to be read`);
  }

  async commit(
    session: StorageSession,
    { operations = [], sagas = [] }: Partial<SessionChanges> = {},
  ): Promise<CommitResult> {
    this.#sessions.delete(session);
    return this.until(session.commit({ operations, sagas }), 'a commit');
  }

  async rollback(session: StorageSession): Promise<void> {
    this.#sessions.delete(session);
    await this.until(session.rollback(), 'a rollback');
  }

  /** A session whose end is the test's own affair from now on. */
  ends(session: StorageSession): void {
    this.#sessions.delete(session);
  }

  /** Handles one message with no changes but these. Returns its record. */
  async store(
    changes: Partial<SessionChanges>,
    messageId = this.name('message'),
    connection = this.connection,
  ): Promise<string | undefined> {
    const session = await this.session(messageId, { connection });
    return (await this.commit(session, changes)).record;
  }

  async rejects(attempt: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<void> {
    const error = await attempt.then(() => undefined, asError);
    assert(error !== undefined, `it should fail with ${codes.join(' or ')}, but it succeeded`);
    assert(
      codes.includes(codeOf(error) as ErrorCode),
      `it should fail with ${codes.join(' or ')}: ${error.stack}`,
    );
  }

  async advance(ms: number): Promise<void> {
    const { harness } = this;
    const passing = harness.advance === undefined ? pause(systemClock, ms) : harness.advance(ms);
    await this.until(Promise.resolve(passing), `${ms} ms to pass`);
  }

  /**
   * Looks again and again until there is something, with `stepMs` in between; not for longer than the limit by the time
   * of the store.
   */
  async eventually<T>(look: () => Promise<T | undefined>, what: string, stepMs = 60): Promise<T> {
    const started = systemClock.monotonic();
    const rounds = Math.max(6, this.limitMs / stepMs);
    for (let round = 0; round < rounds; round += 1) {
      const found = await this.until(look(), what);
      if (found !== undefined) return found;
      if (systemClock.monotonic() - started > this.limitMs) break;
      await this.advance(stepMs);
    }
    throw new Error(`looked in vain for ${what}`);
  }

  /** Looks several times, with `stepMs` in between, and expects that there is nothing. */
  async never(look: () => Promise<unknown>, what: string, stepMs = 60): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      const found = await this.until(look(), what);
      assert.equal(found, undefined, `there should be no ${what}`);
      await this.advance(stepMs);
    }
  }

  /**
   * Lets others have a turn before the next round of a loop. Rejects once the test has ended, so that no loop outlives
   * it.
   */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#over) throw new Error('the test has ended');
  }

  /** A door that opens by itself when the test ends, so that nobody is left behind. */
  gate(): Gate {
    const made = gate();
    this.#gates.push(made);
    return made;
  }

  cleanUp(action: () => Promise<void>): void {
    this.#cleanups.push(action);
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
    this.#over = true;
    for (const { open } of this.#gates) open();
    this.#waits.clear();
    // Those that a failed test left open; some of them broke with it.
    const left = [...this.#sessions].map((session) => session.rollback().catch(() => undefined));
    await this.#waits.end(left, 'the sessions to end');
    await this.#waits.end(
      this.#cleanups.map((cleanUp) => cleanUp()),
      'the test to clean up',
    );
    await this.#waits.end(
      this.#connections.map((connection) => connection.close()),
      'the connections to close',
    );
    if (this.#transport !== undefined) {
      await this.#waits.end([this.#transport.close()], 'the transport to close');
    }
    await this.harness.close?.();
    if (this.#waits.failure !== undefined) throw this.#waits.failure;
  }
}

/** The code of an error that Busbar threw. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof BusbarError ? error.code : undefined;
}
