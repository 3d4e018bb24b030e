import { createEndpoint } from '@busbar/core';
import { expect, test } from 'vitest';
import { readPage } from '../docs/pages.ts';
import { membersOf } from './documented-members.ts';
import { plain, rowsBelow } from '../docs/tables.ts';

const core = 'packages/core/src';
const page = readPage('docs/options.md');

test.each([
  ['## createEndpoint', `${core}/endpoint/endpoint-options.ts`, 'EndpointOptions'],
  ['## Outbox', `${core}/outbox/outbox-options.ts`, 'OutboxOptions'],
  [
    '## Recoverability',
    `${core}/recoverability/recoverability-options.ts`,
    'RecoverabilityOptions',
  ],
  ['### Rate limit', `${core}/recoverability/recoverability-options.ts`, 'RateLimitOptions'],
  ['### Exponential delays', `${core}/recoverability/delays.ts`, 'ExponentialOptions'],
  ['## Claim check', `${core}/claim-check/claim-check.ts`, 'ClaimCheckConfig'],
  ['### Every outgoing message', `${core}/handling/send-options.ts`, 'OutgoingMessageOptions'],
  ['### Send and reply', `${core}/handling/send-options.ts`, 'SendOptions'],
  ['### Request', `${core}/handling/send-options.ts`, 'RequestOptions'],
  ['### Any type', `${core}/message/message-options.ts`, 'MessageOptions'],
  ['### Command', `${core}/message/command.ts`, 'CommandOptions'],
  ['### Event', `${core}/message/event.ts`, 'EventOptions'],
  ['## Handlers', `${core}/handling/handler.ts`, 'HandlerOptions'],
  ['## Sagas', `${core}/saga/saga-options.ts`, 'SagaOptions'],
  ['### stop', `${core}/endpoint/endpoint.ts`, 'StopOptions'],
  ['### provision', `${core}/endpoint/endpoint.ts`, 'ProvisionOptions'],
  ['### transportFrom', `${core}/transport/transport-from.ts`, 'TransportFromOptions'],
  ['### memoryTransport', `${core}/transport/memory/memory-transport.ts`, 'MemoryTransportOptions'],
  ['### sqliteTransport', 'packages/sqlite/src/sqlite-options.ts', 'SqliteTransportOptions'],
  ['### sqsTransport', 'packages/sqs/src/sqs-options.ts', 'SqsTransportOptions'],
  ['### s3Store', 'packages/sqs/src/claim-check/s3-store.ts', 'S3StoreOptions'],
  [
    '### memoryPersistence',
    `${core}/persistence/memory/memory-persistence.ts`,
    'MemoryPersistenceOptions',
  ],
  [
    '### sqlitePersistence',
    'packages/sqlite/src/persistence/persistence-options.ts',
    'SqlitePersistenceOptions',
  ],
  ['### pgPersistence', 'packages/postgres/src/postgres-options.ts', 'PostgresOptions'],
  ['### jsonSerializer', `${core}/message/json-serializer.ts`, 'JsonSerializerOptions'],
  ['### consoleLogger', `${core}/observability/console-logger.ts`, 'ConsoleLoggerOptions'],
])('should list below "%s" what the source has, with its defaults', (heading, file, name) => {
  const listed = rowsBelow(page, heading).map(([option = '', value = '']) => ({
    name: plain(option),
    default: plain(value),
  }));
  const members = membersOf(file, name);
  expect(listed).toEqual(members.map((each) => ({ ...each, default: plain(each.default) })));
});

test('should list the options that an endpoint accepts', () => {
  const listed = rowsBelow(page, '## createEndpoint').map(([option = '']) => plain(option));
  const misspelt = { transprot: 1 } as never;
  expect(() => createEndpoint('sales', misspelt)).toThrow(`The options are: ${listed.join(', ')}.`);
});
