import { BusbarError } from '@busbar/core';

/** Who asks, when it is not a token credential. */
export interface AccessKey {
  readonly name: string;
  readonly key: string;
}

/** Where a namespace is, and with which key it is asked. */
export interface NamespaceAddress {
  /** `shop.servicebus.windows.net`, with `:port` where it is not the usual one. */
  readonly host: string;
  readonly key: AccessKey | undefined;
  /** A signature that was made beforehand, instead of a key. */
  readonly signature: string | undefined;
  /** Plain TCP, as the emulators speak it. */
  readonly emulator: boolean;
}

/** A host name or address, and perhaps a port. */
const hostForm = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

const parts = {
  endpoint: 'Endpoint',
  sharedaccesskeyname: 'SharedAccessKeyName',
  sharedaccesskey: 'SharedAccessKey',
  sharedaccesssignature: 'SharedAccessSignature',
  entitypath: 'EntityPath',
  usedevelopmentemulator: 'UseDevelopmentEmulator',
} as const;

type Part = (typeof parts)[keyof typeof parts];

/**
 * Reads a connection string as the portal shows it.
 *
 * @param option where it was written, for the error; the value is never shown
 * @throws BusbarError INVALID_CONFIGURATION
 */
export function parseConnectionString(text: unknown, option: string): NamespaceAddress {
  if (typeof text !== 'string' || text.trim() === '') {
    throw malformed(option, 'is empty');
  }
  const given = readParts(text, option);
  if (given.EntityPath !== undefined) {
    throw malformed(
      option,
      'has an EntityPath, so it is for one queue or topic, and a bus needs several',
    );
  }
  if (given.Endpoint === undefined) throw malformed(option, 'has no Endpoint');
  const endpoint = /^[a-z]+:\/\/([^/]+)\/?$/i.exec(given.Endpoint)?.[1];
  if (endpoint === undefined) throw malformed(option, 'has an Endpoint that is no sb:// address');
  const emulator = given.UseDevelopmentEmulator?.toLowerCase() === 'true';
  const host = checkHost(endpoint, option);
  const signature = given.SharedAccessSignature;
  if (signature !== undefined) return { host, key: undefined, signature, emulator };
  const { SharedAccessKeyName: name, SharedAccessKey: key } = given;
  if (name === undefined) throw malformed(option, 'has no SharedAccessKeyName');
  if (key === undefined) throw malformed(option, 'has no SharedAccessKey');
  return { host, key: { name, key }, signature: undefined, emulator };
}

/** @throws BusbarError INVALID_CONFIGURATION */
export function checkHost(host: unknown, option: string): string {
  const port = typeof host === 'string' ? hostForm.exec(host) : null;
  if (port === null || Number(port[1] ?? 1) > 65_535 || Number(port[1] ?? 1) === 0) {
    throw malformed(option, 'names no host such as shop.servicebus.windows.net');
  }
  return host as string;
}

/** What the SDK's clients read. Only with a key or a signature. */
export function toConnectionString({ host, key, signature, emulator }: NamespaceAddress): string {
  const who =
    signature === undefined
      ? `SharedAccessKeyName=${key?.name ?? ''};SharedAccessKey=${key?.key ?? ''}`
      : `SharedAccessSignature=${signature}`;
  return `Endpoint=sb://${host}/;${who}${emulator ? ';UseDevelopmentEmulator=true' : ''}`;
}

function readParts(text: string, option: string): Partial<Record<Part, string>> {
  const given: Partial<Record<Part, string>> = {};
  for (const piece of text.split(';')) {
    if (piece.trim() === '') continue;
    const end = piece.indexOf('=');
    const name = (end === -1 ? piece : piece.slice(0, end)).trim().toLowerCase();
    const part = (parts as Readonly<Record<string, Part>>)[name];
    // The name may be half a key that was cut, so it is not shown.
    if (part === undefined || end === -1) {
      throw malformed(option, `has a part that is none of ${Object.values(parts).join(', ')}`);
    }
    given[part] = piece.slice(end + 1).trim();
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === '') throw malformed(option, `has an empty ${name}`);
  }
  return given;
}

function malformed(option: string, what: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the Azure Service Bus transport ${what}.`,
    {
      help: 'Copy the connection string of a shared access policy of the namespace: Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=….',
      details: { option },
    },
  );
}
