import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { memoryCapabilities, type TransportCapabilities } from '@busbar/core';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import { sqliteCapabilities } from '@busbar/sqlite';
import { sqsCapabilities } from '@busbar/sqs';
import { expect, test } from 'vitest';
import { rowsBelow } from './tables.ts';
import { readPage } from './pages.ts';

/** How each capability is called for a reader, and how its value is written. */
const described: {
  readonly [Name in keyof TransportCapabilities]-?: readonly [
    string,
    (value: TransportCapabilities[Name]) => string,
  ];
} = {
  durable: ['messages survive the end of all processes', yesOrNo],
  competingConsumers: ['who may consume one queue', (reach) => reaches[reach]],
  transactionModes: ['transaction modes', (modes) => modes.map((mode) => `\`${mode}\``).join(', ')],
  ordering: ['order per key across processes', (order) => orders[order]],
  orderedEventsOnly: ['ordered queues get ordered events only', (only) => yesOrNo(only === true)],
  deliveryCount: ['counts deliveries over all processes', yesOrNo],
  maxDelayMs: ['longest delay', (ms) => years(Math.floor(ms / 8_640_000 / 365) / 10)],
  delayResolutionMs: ['step of delays', (ms) => `${ms} ms`],
  maxBodyBytes: ['largest body', size],
  maxEventBodyBytes: ['largest event', (most) => (most === undefined ? 'the same' : size(most))],
  maxHeaderBytes: ['all headers together', size],
  renewal: ['renews what it holds', yesOrNo],
  deliveryDeadlineMs: [
    'deadline of a delivery',
    (ms) => (ms === undefined ? 'none' : `${ms / 60_000} min`),
  ],
  nativeExpiry: ['drops expired messages by itself', yesOrNo],
  nativeDeadLetter: ['dead-letter place of its own', yesOrNo],
  embedded: ['needs no server', yesOrNo],
};

const reaches = {
  process: 'one process',
  machine: 'processes of one machine',
  network: 'processes anywhere',
} as const;
const orders = { none: 'no', key: 'yes', queue: 'by one consumer per queue' } as const;

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function years(count: number): string {
  return `${count} ${count === 1 ? 'year' : 'years'}`;
}

function size(bytes: number): string {
  return bytes < 1_048_576 ? `${bytes / 1_024} KiB` : `${bytes / 1_048_576} MiB`;
}

const all = [
  memoryCapabilities,
  sqliteCapabilities,
  rabbitMqTransport().capabilities,
  sqsCapabilities,
  azureServiceBusTransport({
    connectionString: 'Endpoint=sb://any;SharedAccessKeyName=any;SharedAccessKey=any',
  }).capabilities,
];

test('should show in the README the capabilities as the transports state them', () => {
  const rows = Object.entries(described).map(([name, [label, write]]) => [
    `${label} (\`${name}\`)`,
    ...all.map((capabilities) => write(capabilities[name as keyof TransportCapabilities] as never)),
  ]);
  expect(rowsBelow(readPage('README.md'), '## Transports')).toEqual(rows);
});
