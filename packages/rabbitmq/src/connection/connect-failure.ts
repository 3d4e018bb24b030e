import { BusbarError, asError } from '@busbar/core';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { type BrokerAddress, describeAddress } from './broker-address.ts';

/** A connection that could not be opened. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  /** Somebody has to change something: the broker said no, or the options cannot be used. */
  readonly refused: boolean;
  /** What to do. */
  readonly help: string;

  constructor(message: string, refused: boolean, help: string, cause?: unknown) {
    super(message, { cause });
    this.refused = refused;
    this.help = help;
  }
}

const reachIt =
  'Start the broker, or correct the option `url`. `connectTimeoutMs` says for how long it is tried.';
const plainToTls = 'If that is its TLS port, write amqps:// in the option `url`.';

/** What the client puts before the broker's reason. */
const terminated = 'Handshake terminated by server: ';

/** What an error at opening means, and what to do about it. */
export function connectFailure(
  address: BrokerAddress,
  { credentials }: RabbitMqSettings,
  error: Error,
): ConnectFailure {
  const where = describeAddress(address);
  const { message } = error;
  const code = (error as { readonly code?: string }).code ?? '';
  const refused = (what: string, help: string): ConnectFailure =>
    new ConnectFailure(what, true, help, error);

  if (/ACCESS[-_]REFUSED/.test(message)) {
    return credentials === 'external'
      ? refused(
          `${where} refused the user that the client's certificate names`,
          'Create that user in the broker, or correct the option `tls.cert`; `ssl_cert_login_from` in the broker says which part of a certificate is the name.',
        )
      : refused(
          `${where} refused the user or the password`,
          'Correct them in the option `url` or `credentials`. RabbitMQ lets the user guest in from its own machine only.',
        );
  }
  // The client keeps the broker's reason to itself.
  if (message.includes('ConnectionOpenOk; got <ConnectionClose')) {
    return refused(
      `${where} refused the virtual host "${address.vhost}": it does not exist, the user may not enter it, or it takes no more connections`,
      'Create it and give the user permissions in it, or correct the end of the option `url`.',
    );
  }
  if (message.startsWith('SASL mechanism')) {
    return refused(
      `${where} does not offer to sign in with ${credentials === 'external' ? 'a certificate (EXTERNAL)' : 'a password (PLAIN)'}`,
      'Name the mechanism in `auth_mechanisms` of the broker, EXTERNAL with the plugin rabbitmq_auth_mechanism_ssl, or correct the option `credentials`.',
    );
  }
  if (message.startsWith(terminated)) {
    const what = `${where} refused the connection: ${message.slice(terminated.length)}`;
    return new ConnectFailure(what, false, 'The log of the broker says more.', error);
  }
  if (message.startsWith('Socket closed') || (code === 'ECONNRESET' && !address.tls)) {
    const what = `${where} closed the connection while it was opened`;
    return new ConnectFailure(what, false, address.tls ? reachIt : plainToTls, error);
  }
  return (
    tlsFailure(where, error, code) ??
    new ConnectFailure(`${where} could not be reached: ${describe(error)}`, false, reachIt, error)
  );
}

function tlsFailure(where: string, error: Error, code: string): ConnectFailure | undefined {
  const { reason = error.message } = error as { readonly reason?: string };
  const why = reason.trim().replace(/:$/, '');
  const refused = (what: string, help: string): ConnectFailure =>
    new ConnectFailure(what, true, help, error);

  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return refused(
      `what listens on ${where} does not speak TLS`,
      'Write its TLS port, or amqp:// instead of amqps://, in the option `url`.',
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return refused(
      `the TLS certificate of ${where} is for another host (${why})`,
      'Write a host that the certificate names into the option `url` or `tls.servername`.',
    );
  }
  if (code.includes('_ALERT_')) {
    return refused(
      `${where} ended the TLS handshake (${why})`,
      'If it wants a certificate of the client that it trusts, write it into the options `tls.cert` and `tls.key`.',
    );
  }
  if (/^ERR_(?:SSL|TLS)_/.test(code)) {
    return refused(
      `the TLS connection to ${where} failed (${why})`,
      'Compare the option `tls` with what the broker takes.',
    );
  }
  if (/CERT|^UNABLE_TO_|^INVALID_CA$/.test(code)) {
    return refused(
      `the TLS certificate of ${where} is not trusted (${why})`,
      'Write the certificate of the authority that signed it into the option `tls.ca`.',
    );
  }
  return undefined;
}

/** Node puts the reasons of several addresses of one host into an error without a message. */
function describe(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => asError(each).message).join(', ');
  }
  return error.message;
}

/** The failures of one round over all nodes, of which there is at least one, as one. */
export function allFailed(failures: readonly ConnectFailure[]): ConnectFailure {
  const [first] = failures as readonly [ConnectFailure];
  if (failures.length === 1) return first;
  const { help } = failures.find((each) => each.refused) ?? first;
  return new ConnectFailure(
    [...new Set(failures.map((each) => each.message))].join('; '),
    failures.every((each) => each.refused),
    help,
    new AggregateError(failures),
  );
}

/** What `start()` says when no node of the broker let it in. */
export function unavailable(failed: ConnectFailure, afterMs: number): BusbarError {
  const { message, refused, help, cause } = failed;
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    refused
      ? `RabbitMQ cannot be used: ${message}.`
      : `RabbitMQ was not reached within ${afterMs / 1_000} s: ${message}.`,
    { help, cause },
  );
}
