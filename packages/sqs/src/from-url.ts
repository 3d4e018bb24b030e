import { BusbarError, type Transport, urlOptions } from '@busbar/core';
import { type SqsTransportOptions, urlOptionNames } from './sqs-options.ts';
import { sqsTransport } from './sqs-transport.ts';

/** The version of the core's transport port that this package was written for; `transportFrom` refuses another one. */
export const transportApiVersion = 1;

/**
 * The transport that a URL names: `sqs://eu-west-1`, or `sqs://` for the region that the SDK finds, with options as in
 * `sqs://us-east-1?endpoint=http://localhost:4566&queuePrefix=dev-`. Keys in it (`sqs://id:secret@region`) suit
 * emulators alone.
 *
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION
 */
export function fromUrl(url: string): Transport {
  const parts = /^sqs:(?:\/\/)?(?:([^/?#]*)@)?([^/?#@]*)\/?(?:\?([^#]*))?$/i.exec(url);
  if (parts === null) {
    throw new BusbarError('INVALID_CONFIGURATION', 'The SQS URL cannot be read.', {
      help: 'Write sqs://region?option=value, such as sqs://eu-west-1?queuePrefix=staging-.',
      details: { option: 'url' },
    });
  }
  const [, keys, region = '', query = ''] = parts;
  return sqsTransport({
    ...optionsIn(query),
    ...(region !== '' && { region: region.toLowerCase() }),
    ...(keys !== undefined && { credentials: credentialsIn(keys) }),
  });
}

function credentialsIn(keys: string): NonNullable<SqsTransportOptions['credentials']> {
  const [accessKeyId = '', secretAccessKey = '', ...rest] = keys.split(':');
  if (accessKeyId === '' || secretAccessKey === '' || rest.length > 0) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      'What stands before the @ of the SQS URL is no accessKeyId:secretAccessKey.',
      { details: { option: 'credentials' } },
    );
  }
  try {
    return {
      accessKeyId: decodeURIComponent(accessKeyId),
      secretAccessKey: decodeURIComponent(secretAccessKey),
    };
  } catch (cause) {
    throw new BusbarError('INVALID_CONFIGURATION', 'The keys in the SQS URL are not URL-encoded.', {
      help: 'Write % as %25, / as %2F and + as %2B, or leave the keys out.',
      details: { option: 'credentials' },
      cause,
    });
  }
}

function optionsIn(query: string): SqsTransportOptions {
  const options = urlOptions(query, { url: 'The SQS URL', names: urlOptionNames, read: valueOf });
  const { encryption } = options;
  if (encryption === undefined || encryption === 'sqs-managed') return options;
  return { ...options, encryption: { kmsKeyId: String(encryption) } };
}

const texts = new Set([
  'queuePrefix',
  'topicPrefix',
  'endpoint',
  'bucket',
  'bucketPrefix',
  'encryption',
]);

function valueOf(name: string, text: string): string | number | boolean {
  if (texts.has(name)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}
