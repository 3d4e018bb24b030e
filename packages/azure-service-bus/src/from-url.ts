import { BusbarError, type Transport, urlOptions } from '@busbar/core';
import {
  type NamespaceAddress,
  checkHost,
  parseConnectionString,
} from './connection/namespace-address.ts';
import { checkOptions, urlOptionNames } from './service-bus-options.ts';
import { azureServiceBusTransport, transportWith } from './service-bus-transport.ts';

/** The version of the core's transport port that this package was written for; `transportFrom` refuses another one. */
export const transportApiVersion = 1;

/**
 * The transport that a URL names: `sb://policy:key@shop.servicebus.windows.net`, with options as in
 * `?lockDurationMs=30000`; with `?emulator=true` an emulator at that host and port. A whole connection string may stand
 * behind the scheme as well: `sb:Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…`.
 *
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION
 */
export function fromUrl(url: string): Transport {
  const rest = url.replace(/^sb:/i, '');
  if (!rest.startsWith('//')) return azureServiceBusTransport({ connectionString: rest });
  const question = rest.indexOf('?');
  const location = question === -1 ? rest.slice(2) : rest.slice(2, question);
  const { emulator = false, ...options } = urlOptions(
    question === -1 ? '' : rest.slice(question + 1),
    {
      url: 'The Azure Service Bus URL',
      names: ['emulator', ...urlOptionNames],
      read: valueOf,
    },
  );
  if (typeof emulator !== 'boolean') {
    throw invalid(`has the parameter emulator=${emulator}, but it is true or false`, 'emulator');
  }
  return transportWith(checkOptions(options, addressIn(location, emulator)));
}

function addressIn(location: string, emulator: boolean): NamespaceAddress {
  const at = location.lastIndexOf('@');
  const host = checkHost(location.slice(at + 1).replace(/\/$/, ''), 'url');
  if (at === -1) return { host, key: undefined, signature: undefined, emulator };
  const colon = location.indexOf(':');
  if (colon === -1 || colon > at) throw invalid('names a policy without its key', 'url');
  const key = {
    name: decoded(location.slice(0, colon)),
    key: decoded(location.slice(colon + 1, at)),
  };
  // Checked as the SDK will read it, so that a key with a stray semicolon fails here.
  return parseConnectionString(
    `Endpoint=sb://${host};SharedAccessKeyName=${key.name};SharedAccessKey=${key.key}${emulator ? ';UseDevelopmentEmulator=true' : ''}`,
    'url',
  );
}

/** Keys are base64, and people leave `+`, `/` and `=` in them as they are. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('has a % in its policy or key that is no encoding', 'url');
  }
}

function valueOf(name: string, text: string): string | number | boolean {
  if (name === 'administration' && text === 'false') return false;
  if (name === 'emulator' && (text === 'true' || text === 'false')) return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function invalid(what: string, option: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `The Azure Service Bus URL ${what}.`, {
    help: 'Write sb://policy:key@host, with the policy and key percent-encoded where they hold :, @, / or ?.',
    details: { option },
  });
}
