import type { ChannelModel } from 'amqplib';
import { BusbarError, type TransportHost, pause } from '@busbar/core';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { type BrokerAddress, describeAddress } from './broker-address.ts';
import { ConnectFailure, allFailed, unavailable } from './connect-failure.ts';
import { abandon, openConnection } from './open-connection.ts';
import { type ServerVersion, serverVersion } from './server-version.ts';

/** One life of a {@link Link}. */
export interface Session {
  readonly connection: ChannelModel;
  readonly server: ServerVersion;
}

/** Somebody who works on a {@link Link}. What it throws is logged and disturbs nobody else. */
export interface LinkListener {
  /** A session has begun; also called, by {@link Link.listen}, when there is one already. */
  up?(session: Session): void;
  /** The session has ended, and with it all its channels. */
  down?(reason: Error): void;
  /** The broker takes no messages for now; undefined when it does again, or the session has ended. */
  blocked?(reason: string | undefined): void;
}

const firstDelayMs = 100;
/** Between attempts, and for how long a session must last to count as a success. */
const longestDelayMs = 5_000;
/** Of an attempt: a host that says nothing must not hold up a patient start for longer. */
const longestAttemptMs = 30_000;
/** For how long a close waits for the broker. */
const closeMs = 2_000;

/**
 * One supervised AMQP connection: opened again for as long as it takes, until it is closed. What a session carried
 * (channels, consumers, unconfirmed messages) is the business of its listeners.
 */
export class Link {
  readonly #settings: RabbitMqSettings;
  readonly #host: TransportHost;
  readonly #name: string;
  readonly #listeners = new Set<LinkListener>();
  readonly #closed = new AbortController();
  #session: Session | undefined;
  #blocked: string | undefined;
  #problem = 'It is not open yet.';
  /** When the last session began or ended. */
  #since: number;
  /** Before the next attempt. Sessions that end at once do not make it shorter. */
  #delayMs = firstDelayMs;
  #closing: Promise<void> | undefined;

  /** @param purpose What the broker shows it as, beside the endpoint's name. */
  constructor(settings: RabbitMqSettings, host: TransportHost, purpose: string) {
    this.#settings = settings;
    this.#host = host;
    this.#name = `${host.endpoint} ${purpose} (${host.instance})`;
    this.#since = host.clock.monotonic();
  }

  /** Undefined while the broker is away. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Why the broker takes no messages for now. */
  get blockedBecause(): string | undefined {
    return this.#blocked;
  }

  /** Why there is no session. */
  get problem(): string | undefined {
    if (this.#closed.signal.aborted) return 'It is closed.';
    return this.#session === undefined ? this.#problem : undefined;
  }

  /**
   * Opens it for the first time: tries until the connect timeout has passed, unless the broker refuses.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE
   */
  async open(): Promise<void> {
    const { clock } = this.#host;
    const { connectTimeoutMs } = this.#settings;
    const deadline = clock.monotonic() + connectTimeoutMs;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(2 * delayMs, 500)) {
      const failed = await this.#tryAll(Math.max(deadline - clock.monotonic(), 1));
      if (this.#closed.signal.aborted) throw closed();
      if (failed === undefined) return;
      const leftMs = deadline - clock.monotonic();
      // An attempt without the time for an answer would hide why those before it failed.
      if (failed.refused || leftMs < 500) throw unavailable(failed, connectTimeoutMs);
      await pause(clock, Math.min(delayMs, leftMs / 2), this.#closed.signal);
    }
  }

  /** Returns what ends the listening. */
  listen(listener: LinkListener): () => void {
    this.#listeners.add(listener);
    this.#tell(listener, () => {
      if (this.#session !== undefined) listener.up?.(this.#session);
      if (this.#blocked !== undefined) listener.blocked?.(this.#blocked);
    });
    return () => void this.#listeners.delete(listener);
  }

  /**
   * The session, or the next one.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE when there is none within `waitMs`, or it is closed
   */
  whenUp(waitMs: number): Promise<Session> {
    if (this.#closed.signal.aborted) return Promise.reject(closed());
    if (this.#session !== undefined) return Promise.resolve(this.#session);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        stopListening();
        this.#closed.signal.removeEventListener('abort', isClosed);
      };
      const isClosed = (): void => {
        end();
        reject(closed());
      };
      const tooLong = (): void => {
        end();
        const awayMs = this.#host.clock.monotonic() - this.#since;
        const text = `RabbitMQ has been away for ${Math.round(awayMs / 100) / 10} s: ${this.#problem}`;
        reject(new BusbarError('TRANSPORT_UNAVAILABLE', text));
      };
      const timer = this.#host.clock.setTimer(tooLong, waitMs, true);
      const stopListening = this.listen({
        up: (session) => {
          end();
          resolve(session);
        },
      });
      this.#closed.signal.addEventListener('abort', isClosed, { once: true });
    });
  }

  /** Gives up a session that nothing comes from any more, and opens the next. */
  restart(session: Session, reason: Error): void {
    if (this.#session === session) this.#end(session, reason);
  }

  /** Never a hang: a broker that does not answer is left after some seconds. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Ends the attempts to open it, too.
    this.#closed.abort();
    const session = this.#session;
    this.#session = undefined;
    this.#blocked = undefined;
    if (session !== undefined) {
      const { connection } = session;
      const over = new AbortController();
      // When the network fails meanwhile, amqplib only tells it by the event.
      const gone = new Promise((resolve) => connection.once('close', resolve));
      const closing = connection.close().catch(() => undefined);
      await Promise.race([closing, gone, pause(this.#host.clock, closeMs, over.signal)]);
      over.abort();
      abandon(connection);
      this.#tellAll((listener) => listener.down?.(closed()));
    }
    this.#listeners.clear();
  }

  /** One round over all nodes. Returns why none let us in; undefined when one did, or it was closed meanwhile. */
  async #tryAll(withinMs: number): Promise<ConnectFailure | undefined> {
    const settings = this.#settings;
    const { signal } = this.#closed;
    const { clock } = this.#host;
    const share = Math.max(1, Math.floor(withinMs / settings.addresses.length));
    const timeoutMs = Math.min(share, longestAttemptMs);
    const failures: ConnectFailure[] = [];
    for (const address of settings.addresses) {
      if (signal.aborted) break;
      const opening = { address, settings, name: this.#name, clock, timeoutMs, signal };
      const opened = await openConnection(opening).catch((error: ConnectFailure) => error);
      if (opened instanceof ConnectFailure) failures.push(opened);
      else if (signal.aborted) abandon(opened);
      else {
        this.#begin(opened, address);
        return undefined;
      }
    }
    if (signal.aborted) return undefined;
    const failed = allFailed(failures);
    this.#problem = `${failed.message}.`;
    return failed;
  }

  #begin(connection: ChannelModel, address: BrokerAddress): void {
    const server = serverVersion(connection.connection.serverProperties);
    const session: Session = { connection, server };
    let reason: Error | undefined;
    connection.on('error', (error) => {
      reason ??= error;
    });
    connection.on('close', (error) => this.#end(session, reason ?? error ?? new Error('closed')));
    connection.on('blocked', (why) => this.#setBlocked(session, why));
    connection.on('unblocked', () => {
      this.#host.logger.info({ connection: this.#name }, 'RabbitMQ takes messages again');
      this.#setBlocked(session, undefined);
    });
    this.#session = session;
    this.#since = this.#host.clock.monotonic();
    this.#host.logger.info(
      { broker: describeAddress(address), version: server.version, connection: this.#name },
      'Connected to RabbitMQ',
    );
    this.#tellAll((listener) => listener.up?.(session));
  }

  #end(session: Session, reason: Error): void {
    abandon(session.connection);
    if (this.#session !== session) return;
    this.#setBlocked(session, undefined);
    this.#session = undefined;
    this.#problem = `The connection was lost: ${reason.message}.`;
    const now = this.#host.clock.monotonic();
    if (now - this.#since >= longestDelayMs) this.#delayMs = firstDelayMs;
    this.#since = now;
    this.#host.logger.warn(
      { connection: this.#name, err: reason },
      'The connection to RabbitMQ was lost; it is opened again',
    );
    this.#tellAll((listener) => listener.down?.(reason));
    void this.#reopen();
  }

  #setBlocked(session: Session, reason: string | undefined): void {
    if (this.#session !== session || this.#blocked === reason) return;
    this.#blocked = reason;
    if (reason !== undefined) {
      this.#host.logger.warn({ connection: this.#name, reason }, 'RabbitMQ takes no messages');
    }
    this.#tellAll((listener) => listener.blocked?.(reason));
  }

  #tellAll(news: (listener: LinkListener) => void): void {
    // A copy: who begins to listen meanwhile knows the news already.
    for (const listener of new Set(this.#listeners)) {
      if (this.#listeners.has(listener)) this.#tell(listener, news);
    }
  }

  #tell(listener: LinkListener, news: (listener: LinkListener) => void): void {
    try {
      news(listener);
    } catch (error) {
      const text = 'A listener of the connection to RabbitMQ threw';
      this.#host.logger.error({ connection: this.#name, err: error }, text);
    }
  }

  async #reopen(): Promise<void> {
    const { clock, logger } = this.#host;
    for (let round = 1; ; round += 1) {
      // Not all instances at the same moment.
      const delayMs = this.#delayMs * (0.75 + Math.random() / 2);
      this.#delayMs = Math.min(2 * this.#delayMs, longestDelayMs);
      await pause(clock, delayMs, this.#closed.signal);
      const failed = await this.#tryAll(this.#settings.connectTimeoutMs);
      if (failed === undefined) return;
      if (failed.refused || round % 10 === 1) {
        logger.warn({ connection: this.#name, err: failed }, 'RabbitMQ is still away');
      }
    }
  }
}

function closed(): BusbarError {
  return new BusbarError('TRANSPORT_UNAVAILABLE', 'The connection to RabbitMQ is closed.');
}
