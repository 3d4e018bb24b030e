import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  Command,
  type EndpointOptions,
  Event,
  createEndpoint,
  defineRoutes,
  handler,
  silentLogger,
} from '@busbar/core';
import { type SqsTransportOptions, sqsTransport } from '@busbar/sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FaultLayer, awsError } from '../../support/sqs/fault-layer.ts';
import { LocalAws, pollBriefly } from '../../support/sqs/local-aws.ts';

class Store extends Command('Depot.Store')<{ text: string }> {}
class Moved extends Event('Depot.Moved')<{ text: string }> {}
class MovedFar extends Event('Depot.MovedFar', { extends: Moved })<{ text: string }> {}
class Counted extends Event('Depot.Counted', { ordered: true })<{ text: string }> {}

let aws: LocalAws;
beforeAll(async () => {
  aws = await LocalAws.start();
  const s3 = new S3Client({ ...aws.options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'depot-bodies' }));
  s3.destroy();
});
afterAll(() => aws[Symbol.asyncDispose]());

function endpoint(
  name: string,
  options: Omit<EndpointOptions, 'transport'>,
  transport: SqsTransportOptions = {},
) {
  return createEndpoint(name, {
    transport: sqsTransport({
      ...aws.options,
      pollSeconds: 1,
      configureClient: pollBriefly,
      ...transport,
    }),
    logger: silentLogger,
    provision: true,
    ...options,
  });
}

test('a large command and a large event travel through the bucket that the transport names', async () => {
  const received = {
    command: Promise.withResolvers<string>(),
    event: Promise.withResolvers<string>(),
  };
  const depot = endpoint(
    'large-depot',
    {
      handlers: [
        handler(Store, async ({ text }) => received.command.resolve(text)),
        handler(Moved, async ({ text }) => received.event.resolve(text)),
      ],
      routes: defineRoutes({ 'large-depot': [Store] }),
    },
    { bucket: 'depot-bodies' },
  );
  await depot.start();
  const large = 'x'.repeat(2_000_000);
  await depot.send(new Store({ text: large }));
  // More than SNS takes, and less than SQS does.
  await depot.publish(new Moved({ text: large.slice(0, 400_000) }));
  expect((await received.command.promise).length).toBe(2_000_000);
  expect((await received.event.promise).length).toBe(400_000);
  await depot.stop();
});

test('without a bucket a large message is refused before it is sent, an event sooner', async () => {
  const depot = endpoint('small-depot', {
    handlers: [handler(Store, async () => {})],
    routes: defineRoutes({ 'small-depot': [Store] }),
  });
  await depot.start();
  await expect(depot.send(new Store({ text: 'x'.repeat(800_000) }))).rejects.toThrow(
    /MESSAGE_TOO_LARGE/,
  );
  await expect(depot.publish(new Moved({ text: 'x'.repeat(200_000) }))).rejects.toThrow(
    /MESSAGE_TOO_LARGE/,
  );
  await depot.send(new Store({ text: 'x'.repeat(200_000) }));
  await depot.stop();
});

test('an ordered endpoint that handles an event which is not ordered is refused at start', async () => {
  const depot = endpoint('strict-depot', {
    ordered: true,
    handlers: [handler(Moved, async () => {})],
  });
  await expect(depot.start()).rejects.toThrow(
    /Depot\.Moved.*ordered: true.*UNSUPPORTED_BY_TRANSPORT/s,
  );
});

test('an ordered endpoint gets an ordered event, in order', async () => {
  const texts: string[] = [];
  const all = Promise.withResolvers<void>();
  const depot = endpoint('ordered-depot', {
    ordered: true,
    handlers: [
      handler(Counted, async ({ text }) => {
        texts.push(text);
        if (texts.length === 5) all.resolve();
      }),
    ],
  });
  await depot.start();
  for (const text of ['1', '2', '3', '4', '5']) {
    await depot.publish(new Counted({ text }), { partitionKey: 'shelf' });
  }
  await all.promise;
  await depot.stop();
  expect(texts).toEqual(['1', '2', '3', '4', '5']);
});

test('a subscriber of a base event gets a derived one that it never heard of, once', async () => {
  const texts: string[] = [];
  const last = Promise.withResolvers<void>();
  const subscriber = endpoint('base-depot', {
    handlers: [
      handler(Moved, async ({ text }) => {
        texts.push(text);
        if (text === 'last') last.resolve();
      }),
    ],
    concurrency: 1,
  });
  const publisher = endpoint('far-depot', { sendOnly: true });
  await subscriber.start();
  await publisher.start();
  await publisher.publish(new MovedFar({ text: 'far' }));
  await publisher.publish(new Moved({ text: 'last' }));
  await last.promise;
  await subscriber.stop();
  await publisher.stop();
  expect(texts).toEqual(['far', 'last']);
});

test('a publisher that may not make topics finds the one that is there, and drops what nobody can have subscribed to', async () => {
  const texts: string[] = [];
  const got = Promise.withResolvers<void>();
  const subscriber = endpoint('found-depot', {
    handlers: [
      handler(Moved, async ({ text }) => {
        texts.push(text);
        got.resolve();
      }),
    ],
  });
  await subscriber.start();
  const faults = new FaultLayer();
  faults.add(/CreateTopic/, async () => {
    throw awsError('AuthorizationErrorException', 'no', 403);
  });
  const publisher = endpoint('poor-depot', { sendOnly: true }, { configureClient: faults.install });
  await publisher.start();
  await publisher.publish(new MovedFar({ text: 'found' }));
  await got.promise;
  await publisher.stop();
  await subscriber.stop();
  expect(texts).toEqual(['found']);
});

test('a name that SQS cannot have is refused at start, with what it would be', async () => {
  const depot = endpoint('d'.repeat(90), { handlers: [handler(Store, async () => {})] });
  await expect(depot.start()).rejects.toThrow(/90 characters.*INVALID_CONFIGURATION/s);
});
