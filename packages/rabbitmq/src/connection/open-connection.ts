import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import {
  type ChannelModel,
  type Options,
  type SocketOptions,
  connect,
  credentials as mechanisms,
} from 'amqplib';
import { type Clock, asError } from '@busbar/core';
import type { RabbitMqCredentials, RabbitMqSettings } from '../rabbitmq-options.ts';
import { type BrokerAddress, describeAddress } from './broker-address.ts';
import { ConnectFailure, connectFailure } from './connect-failure.ts';
import { type FrameReader, readAnyHeaders } from './header-tables.ts';
import { joinWrites } from './join-writes.ts';

/** One attempt to open a connection. */
export interface Opening {
  readonly address: BrokerAddress;
  readonly settings: RabbitMqSettings;
  /** What the broker shows it as. */
  readonly name: string;
  readonly clock: Clock;
  /** For all of it: the user, the network, TLS and the broker. */
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** @throws ConnectFailure */
export async function openConnection(opening: Opening): Promise<ChannelModel> {
  const { address, settings, name, clock, timeoutMs } = opening;
  const limit = new AbortController();
  const giveUp = (): void => limit.abort();
  const timer = clock.setTimer(giveUp, timeoutMs, true);
  opening.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const options: SocketOptions & { readonly signal: AbortSignal } = {
      ...tlsOptions(opening),
      noDelay: true,
      keepAlive: true,
      signal: limit.signal,
      credentials: await mechanism(opening, limit.signal),
      clientProperties: { connection_name: name, product: 'busbar' },
    };
    const model = await connect(urlOf(address, settings), options);
    // Each error closes it; the event alone would end the process.
    model.on('error', () => undefined);
    const socket = socketOf(model);
    // The broker may have closed it before anybody could listen.
    if (!socket.writable) {
      abandon(model);
      throw new Error('Socket closed');
    }
    joinWrites(socket);
    readAnyHeaders(model.connection as unknown as FrameReader);
    return model;
  } catch (error) {
    if (error instanceof ConnectFailure) throw error;
    if (!limit.signal.aborted) throw connectFailure(address, settings, asError(error));
    throw connectFailure(address, settings, new Error('no answer'));
  } finally {
    timer.cancel();
    opening.signal.removeEventListener('abort', giveUp);
  }
}

/** The socket below a connection, which amqplib keeps to itself. */
function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { readonly stream: Duplex }).stream;
}

/**
 * Ends a connection without asking the broker. amqplib leaves the socket of a dead link open; and when a socket is closed
 * without an error it does not notice, so that its heartbeats would keep the process alive.
 */
export function abandon(model: ChannelModel): void {
  socketOf(model).destroy(new Error('The connection was given up.'));
}

/** What was written and is not on its way yet, as far as Node tells; it counts what the socket itself holds without TLS only. */
export function unsentBytes(model: ChannelModel): number {
  const socket = socketOf(model) as Duplex & {
    readonly _handle?: { readonly writeQueueSize?: number } | null;
  };
  return socket.writableLength + (socket._handle?.writeQueueSize ?? 0);
}

function urlOf(address: BrokerAddress, { heartbeatSeconds }: RabbitMqSettings): Options.Connect {
  return {
    protocol: address.tls ? 'amqps' : 'amqp',
    hostname: address.host,
    port: address.port,
    vhost: encodeURIComponent(address.vhost),
    heartbeat: heartbeatSeconds,
  };
}

/** Certificates and keys are read here, so that what is wrong with them is not taken for the broker's fault. */
function tlsOptions({ address, settings }: Opening): SocketOptions {
  if (!address.tls) return {};
  try {
    return { ...settings.tls, secureContext: createSecureContext(settings.tls) };
  } catch (error) {
    throw new ConnectFailure(
      `the option "tls" cannot be read: ${asError(error).message}`,
      true,
      'It takes certificates and keys as PEM, or as `pfx`, as `tls.createSecureContext` of Node does.',
      error,
    );
  }
}

type Mechanism = NonNullable<SocketOptions['credentials']>;

async function mechanism({ address, settings }: Opening, signal: AbortSignal): Promise<Mechanism> {
  const { credentials } = settings;
  if (credentials === 'external') return mechanisms.external();
  if (credentials === undefined) {
    const { username = 'guest', password } = address;
    return mechanisms.plain(username, address.username === undefined ? 'guest' : password);
  }
  const asked = (async (): Promise<Partial<RabbitMqCredentials> | undefined> => credentials())();
  try {
    const user = await Promise.race([asked, whenAborted(signal)]);
    if (typeof user?.username === 'string' && typeof user.password === 'string') {
      return mechanisms.plain(user.username, user.password);
    }
  } catch (error) {
    throw noUser(address, asError(error).message, false, error);
  }
  throw noUser(address, 'what it returned is no user', true);
}

function noUser(
  address: BrokerAddress,
  why: string,
  refused: boolean,
  cause?: unknown,
): ConnectFailure {
  return new ConnectFailure(
    `the option "credentials" gave no user for ${describeAddress(address)}: ${why}`,
    refused,
    'The function must return { username, password }, or a promise of them.',
    cause,
  );
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(new Error('no answer'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
