import { BusbarError } from '@busbar/core';

/** One node of the broker, and how it is entered. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly vhost: string;
  /** Undefined where the URL names no user. */
  readonly username: string | undefined;
  readonly password: string;
}

/**
 * The nodes that one or several URLs name. `amqp://user:password@one,two:5673/vhost` names two, with the same user and
 * virtual host.
 *
 * @throws BusbarError INVALID_CONFIGURATION, which shows nothing of the URL but what is not secret
 */
export function parseAddresses(urls: unknown): readonly BrokerAddress[] {
  const all: readonly unknown[] = Array.isArray(urls) ? urls : [urls];
  const addresses = all.flatMap((url) => parseOne(url));
  if (addresses.length === 0) throw invalid('there is no URL');
  const [first] = addresses;
  const other = addresses.find(({ vhost }) => vhost !== first?.vhost);
  if (other !== undefined) {
    throw invalid(
      `the URLs name the virtual hosts "${first?.vhost}" and "${other.vhost}": they must lead to one`,
    );
  }
  return addresses;
}

function parseOne(url: unknown): BrokerAddress[] {
  if (typeof url !== 'string') throw invalid('a URL is not a string');
  const parts = /^(amqps?):\/\/(?:([^@/?#]*)@)?([^/?#@]*)(?:\/([^?#@]*))?$/i.exec(url);
  if (parts === null) throw invalid(whatIsWrong(url));
  const [, scheme = '', user, hosts = '', path] = parts;
  const tls = scheme.toLowerCase() === 'amqps';
  const [username, password = ''] = user === undefined ? [] : splitUser(user);
  const vhost = path === undefined || path === '' ? '/' : decoded(path, 'virtual host');
  const names = hosts.split(',');
  if (names.length > 1 && names.includes('')) throw invalid('a host between commas is missing');
  return names.map((host) => ({ ...parseHost(host, tls), tls, vhost, username, password }));
}

function whatIsWrong(url: string): string {
  if (!/^amqps?:\/\//i.test(url)) return 'a URL does not begin with amqp:// or amqps://';
  if (url.includes('#')) return 'a URL has a "#"; write %23 if it belongs to a password or a name';
  if (url.includes('?')) return 'a URL has parameters; write them as options';
  if ((url.match(/@/g)?.length ?? 0) > 1)
    return 'a URL has two "@"; write %40 for the one in a password';
  return 'a URL has a part that cannot be read; write "/" in a password as %2F, and "@" behind the host as %40';
}

function splitUser(user: string): [string, string?] {
  const colon = user.indexOf(':');
  if (colon === -1) return [decoded(user, 'user')];
  return [decoded(user.slice(0, colon), 'user'), decoded(user.slice(colon + 1), 'password')];
}

function parseHost(text: string, tls: boolean): { host: string; port: number } {
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]\s]*)(?::(.*))?$/i.exec(text);
  if (parts === null) {
    throw invalid(`"${text.split(':', 1)[0]}" is not a host with an optional port`);
  }
  const [, host = '', port = ''] = parts;
  // Not shown: in `amqp://user:password` it is a password.
  if (!/^\d{0,5}$/.test(port)) throw invalid(`what follows "${host}:" is not a port`);
  const number = port === '' ? (tls ? 5671 : 5672) : Number(port);
  if (number < 1 || number > 65_535) throw invalid(`"${port}" is not a port`);
  return { host: host === '' ? 'localhost' : host.replaceAll(/[[\]]/g, ''), port: number };
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`the ${what} has a "%" that encodes nothing; write %25 for the sign itself`);
  }
}

/** For logs: without the user's password. */
export function describeAddress({ host, port, tls, vhost }: BrokerAddress): string {
  const path = vhost === '/' ? '' : `/${encodeURIComponent(vhost)}`;
  return `${tls ? 'amqps' : 'amqp'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

function invalid(why: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "url" of the RabbitMQ transport cannot be used: ${why}.`,
    { help: 'Write amqp://user:password@host:5672/vhost.', details: { option: 'url' } },
  );
}
