import { BusbarError } from '../errors.ts';
import { loadAdapter } from './load-adapter.ts';
import { memoryTransport } from './memory/memory-transport.ts';
import type { LazyTransport, Transport } from './transport.ts';
import { withoutSecrets } from './without-secrets.ts';

/** The package that carries each scheme. `memory:` is the core's own. */
const packages: Readonly<Record<string, string>> = {
  'amqp:': '@busbar/rabbitmq',
  'amqps:': '@busbar/rabbitmq',
  'sb:': '@busbar/azure-service-bus',
  'sqlite:': '@busbar/sqlite',
  'sqs:': '@busbar/sqs',
};

/** How a URL of each scheme looks, for those who wrote another one. */
const examples = [
  'memory:',
  'sqlite:.busbar/dev.db',
  'amqp://localhost',
  'amqps://host',
  'sqs://eu-west-1',
  'sb://namespace.servicebus.windows.net',
];

/** Options of {@link transportFrom}. */
export interface TransportFromOptions {
  /**
   * A file or directory of the application, as a path or a file URL, from which the adapter package is found: write
   * `import.meta.url` where the application is not the main module of the process, such as in a serverless runtime.
   *
   * @default the main module of the process, then its working directory
   */
  readonly from?: string | URL;
}

/**
 * The transport that a URL names, so that one setting moves an application from a file to a broker. Nothing is loaded
 * yet: `start()` loads the adapter package and reports one that is missing, before it connects to anything.
 *
 * @throws BusbarError UNKNOWN_TRANSPORT when no package carries the scheme
 */
export function transportFrom(url: string, options: TransportFromOptions = {}): LazyTransport {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase();
  const packageName = packages[scheme ?? ''];
  if (scheme !== 'memory:' && packageName === undefined) throw unknown(url, scheme);
  const { from } = options;
  let loading: Promise<Transport> | undefined;
  return {
    address: withoutSecrets(url),
    // Once, so that endpoints that share the object share the transport; a failure may be tried again.
    load: () => {
      loading ??= load(url, packageName, from).catch((error: unknown) => {
        loading = undefined;
        throw error;
      });
      return loading;
    },
  };
}

async function load(
  url: string,
  packageName: string | undefined,
  from: string | URL | undefined,
): Promise<Transport> {
  if (packageName !== undefined) return loadAdapter(packageName, url, from);
  const name = url.slice('memory:'.length);
  return memoryTransport(name === '' ? {} : { name });
}

/** The URL itself is not shown: what is written wrong may well be a password. */
function unknown(url: unknown, scheme: string | undefined): BusbarError {
  const what =
    url === undefined || url === ''
      ? 'The URL of the transport is empty.'
      : scheme === undefined
        ? 'The URL of the transport begins with no scheme.'
        : `No transport has the scheme "${scheme}".`;
  return new BusbarError('UNKNOWN_TRANSPORT', what, {
    help: `Write one of: ${examples.join(', ')}.`,
    details: { scheme, schemes: ['memory:', ...Object.keys(packages)] },
  });
}
