import { Buffer } from 'node:buffer';
import { type Clock, asError } from '@busbar/core';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { type HttpAnswer, httpRequest } from './http-request.ts';

/** What the management interface said. */
export type ManagementAnswer =
  | { readonly outcome: 'ok'; readonly value: unknown }
  /** There is no such thing. */
  | { readonly outcome: 'missing' }
  /** It is not there, or the user may not ask. */
  | { readonly outcome: 'unavailable'; readonly reason: string };

const timeoutMs = 3_000;
/** For how long an interface that did not answer is not asked again. */
const patienceMs = 60_000;

/**
 * The HTTP interface of RabbitMQ's management plugin, for what AMQP cannot say. Many brokers have none, or none that we
 * reach, so that everything here may be unavailable; that is no error.
 */
export class ManagementApi {
  readonly #settings: RabbitMqSettings;
  readonly #clock: Clock;
  /** The virtual host as a part of a path. */
  readonly vhost: string;
  #base: string | undefined;
  #failed: { readonly until: number; readonly reason: string } | undefined;

  constructor(settings: RabbitMqSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.vhost = encodeURIComponent(settings.addresses[0]?.vhost ?? '/');
  }

  /** @param path Such as `/queues/${vhost}`, with encoded names. */
  get(path: string): Promise<ManagementAnswer> {
    return this.#ask('GET', path);
  }

  put(path: string, body: object): Promise<ManagementAnswer> {
    return this.#ask('PUT', path, JSON.stringify(body));
  }

  delete(path: string): Promise<ManagementAnswer> {
    return this.#ask('DELETE', path);
  }

  async #ask(
    method: 'GET' | 'PUT' | 'DELETE',
    path: string,
    body?: string,
  ): Promise<ManagementAnswer> {
    if (this.#settings.management === false) return unavailable('it is switched off');
    if (this.#failed !== undefined && this.#clock.monotonic() < this.#failed.until) {
      return unavailable(this.#failed.reason);
    }
    try {
      const answer = await this.#request(method, `/api${path}`, body);
      this.#failed = undefined;
      return toAnswer(answer);
    } catch (error) {
      const reason = asError(error).message;
      this.#failed = { until: this.#clock.monotonic() + patienceMs, reason };
      return unavailable(reason);
    }
  }

  /** Asks where it was reached last, else at each node in turn. */
  async #request(
    method: 'GET' | 'PUT' | 'DELETE',
    path: string,
    body: string | undefined,
  ): Promise<HttpAnswer> {
    const authorization = await this.#authorization();
    const headers = { authorization, 'content-type': 'application/json' };
    const failures: string[] = [];
    const bases = managementUrls(this.#settings);
    const [last, ...others] = this.#base === undefined ? bases : [this.#base, ...bases];
    for (const base of new Set([last, ...others])) {
      if (base === undefined) continue;
      try {
        const { tls } = this.#settings;
        const url = `${base}${path}`;
        const options = { method, url, headers, tls, timeoutMs };
        const answer = await httpRequest(body === undefined ? options : { ...options, body });
        this.#base = base;
        return answer;
      } catch (error) {
        failures.push(`${base}: ${asError(error).message}`);
      }
    }
    this.#base = undefined;
    throw new Error(failures.join('; '));
  }

  async #authorization(): Promise<string> {
    const { username, password } = await managementUser(this.#settings);
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
}

/** Where the interface may be, without user and password. */
export function managementUrls({ management, addresses }: RabbitMqSettings): readonly string[] {
  if (management === false) return [];
  if (management !== undefined) {
    const { origin, pathname } = new URL(management);
    return [`${origin}${pathname.replace(/\/+$/, '')}`];
  }
  const urls = addresses.map(({ host, tls }) => {
    const name = host.includes(':') ? `[${host}]` : host;
    return tls ? `https://${name}:15671` : `http://${name}:15672`;
  });
  return [...new Set(urls)];
}

/** The user in the URL of the interface, else the one that connects. */
async function managementUser({
  management,
  credentials,
  addresses,
}: RabbitMqSettings): Promise<{ readonly username: string; readonly password: string }> {
  const { username, password } = new URL(
    typeof management === 'string' && management !== '' ? management : 'http://localhost',
  );
  if (username !== '') {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (credentials === 'external') {
    throw new Error('it takes a password, and the certificate is the only credential');
  }
  if (credentials !== undefined) return credentials();
  const [address] = addresses;
  if (address?.username === undefined) return { username: 'guest', password: 'guest' };
  return { username: address.username, password: address.password };
}

function toAnswer({ status, text }: HttpAnswer): ManagementAnswer {
  // Some other server has other pages for what it does not know.
  if (status === 404 && text.includes('"error"')) return { outcome: 'missing' };
  if (status === 401 || status === 403) return unavailable('the user may not ask it for that');
  if (status < 200 || status >= 300)
    return unavailable(`it answered ${status} ${text.slice(0, 200)}`);
  return { outcome: 'ok', value: text === '' ? undefined : JSON.parse(text) };
}

function unavailable(reason: string): ManagementAnswer {
  return { outcome: 'unavailable', reason };
}
