import { describe, expect, test } from 'vitest';
import { MemoryBroker, createEndpoint, fixed, handler, memoryTransport } from '../../src/index.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { behavior } from '../../src/pipeline/behavior.ts';
import type { EndpointOptions } from '../../src/endpoint/endpoint-options.ts';
import { Event } from '../../src/message/event.ts';
import { systemClock } from '../../src/time/system-clock.ts';

class Happened extends Event('test.pristine.Happened')<{ text: string }> {}

/** Makes every `a` a `b`, in place. */
function scribble({ body }: { body: Uint8Array }): void {
  for (const [index, byte] of body.entries()) if (byte === 97) body[index] = 98;
}

async function publishTo(options: Partial<EndpointOptions>): Promise<{
  readonly got: Record<'one' | 'two', string[]>;
  readonly errorCopy: string | undefined;
}> {
  const broker = new MemoryBroker();
  const transport = memoryTransport({ broker });
  const got: Record<'one' | 'two', string[]> = { one: [], two: [] };
  const make = (name: 'one' | 'two', more: Partial<EndpointOptions>) =>
    createEndpoint(name, {
      transport,
      logger: silentLogger,
      recoverability: { immediate: 1, delayed: fixed({ attempts: 0, delay: 0 }) },
      handlers: [
        handler(Happened, ({ text }) => {
          got[name].push(text);
          if (name === 'one') throw new Error('on purpose');
        }),
      ],
      ...more,
    });
  const endpoints = [make('one', options), make('two', {})];
  for (const endpoint of endpoints) await endpoint.start();
  await endpoints[0]?.publish(new Happened({ text: 'aaaa' }));
  await broker.settled();
  const connection = await transport.connect({
    endpoint: 'ops',
    instance: 'ops-1',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  const [copy] = await connection.queues.peek('error', 1);
  for (const endpoint of endpoints) await endpoint.stop();
  return { got, errorCopy: copy === undefined ? undefined : Buffer.from(copy.body).toString() };
}

describe('bytes that are changed in place', () => {
  const expected = {
    got: { one: ['bbbb', 'bbbb'], two: ['aaaa'] },
    errorCopy: '{"text":"aaaa"}',
  };

  test('should be those of one attempt when a mutator does it', async () => {
    expect(await publishTo({ mutators: [{ incomingBytes: scribble }] })).toEqual(expected);
  });

  test.for(['transport-receive', 'unwrap', 'outbox', 'deserialize'] as const)(
    'should be those of one attempt when a behaviour of %s does it',
    async (stage) => {
      const scribbling = behavior(stage, 'scribble', async (context, next) => {
        scribble(context);
        await next();
      });
      expect(await publishTo({ behaviors: [scribbling] })).toEqual(expected);
    },
  );
});
