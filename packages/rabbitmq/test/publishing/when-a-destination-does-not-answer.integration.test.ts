import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  type PrivateNode,
  startPrivateNode,
} from '../../../../test/support/rabbitmq/private-node.ts';
import { programsForTests } from '../../../../test/support/rabbitmq/programs-for-tests.ts';
import { type OpenPublisher, openPublisher } from '../support/open-publisher.ts';

const limitMs = 60_000;
const confirmTimeoutMs = 6_000;
const confirmed = { outcome: 'confirmed' };

(await programsForTests()).register('a destination that does not answer', (programs) => {
  let node: PrivateNode;

  beforeAll(async () => {
    node = await startPrivateNode({ programs });
  }, limitMs);

  afterAll(() => node.destroy());

  /** A quorum queue like this one takes messages and says nothing, as without a majority of its nodes. */
  const suspend = (queue: string): Promise<string> =>
    node.ctl('eval', `sys:suspend('%2F_${queue}').`);
  const resume = (queue: string): Promise<string> =>
    node.ctl('eval', `sys:resume('%2F_${queue}').`);

  const declare = (open: OpenPublisher, ...queues: string[]): Promise<unknown> =>
    Promise.all(
      queues.map((queue) =>
        open.channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } }),
      ),
    );

  const outcomes = async (
    open: OpenPublisher,
    queue: string,
    count: number,
  ): Promise<Set<string>> => {
    const sent = Array.from({ length: count }, (_, index) => open.send(queue, `${queue}-${index}`));
    const settled = await Promise.allSettled(sent);
    return new Set(
      settled.map((each) => (each.status === 'fulfilled' ? each.value.outcome : 'untried')),
    );
  };

  describe('a destination that does not answer', () => {
    test(
      'should not hold up others, however much is sent to it, and go on by itself',
      async () => {
        await using open = await openPublisher(node.url, { confirmTimeoutMs });
        await declare(open, 'dead', 'dead-too', 'alive');
        await suspend('dead');
        await suspend('dead-too');
        const dead = outcomes(open, 'dead', 300);
        const deadToo = outcomes(open, 'dead-too', 300);
        expect(await outcomes(open, 'alive', 300)).toEqual(new Set(['confirmed']));
        expect(await dead).toEqual(new Set(['unknown']));
        expect(await deadToo).toEqual(new Set(['unknown']));
        expect(open.publisher.problem).toBe(
          'RabbitMQ confirms nothing of what is sent to the queue "dead", the queue "dead-too".',
        );

        const start = performance.now();
        const more = outcomes(open, 'dead', 2_000);
        expect(await outcomes(open, 'alive', 300)).toEqual(new Set(['confirmed']));
        expect(performance.now() - start).toBeLessThan(confirmTimeoutMs / 3);
        await resume('dead');
        await until(limitMs / 4, 'the end of the trial', () =>
          Promise.resolve(open.publisher.problem?.includes('"dead"') !== true),
        );
        expect(await open.send('dead', 'after')).toEqual(confirmed);
        await more;
        await resume('dead-too');
        await until(limitMs / 4, 'the end of the other trial', () =>
          Promise.resolve(open.publisher.problem === undefined),
        );
        expect((await open.drain('alive')).toSorted()).toEqual(
          expect.arrayContaining(Array.from({ length: 300 }, (_, index) => `alive-${index}`)),
        );
        expect(open.host.warnings).toContain(
          'RabbitMQ confirms nothing of what is sent to the queue "dead"',
        );
      },
      limitMs,
    );

    test(
      'should be left alone before it holds up others, when little is sent to it',
      async () => {
        await using open = await openPublisher(node.url, { confirmTimeoutMs });
        await declare(open, 'quiet', 'busy');
        // The broker's first message to a queue waits for the queue, and the channel with it.
        await open.send('quiet', 'before');
        await suspend('quiet');
        const first = open.send('quiet', 'first');
        const over = performance.now() + confirmTimeoutMs;
        while (performance.now() < over) {
          expect(await within(1_000, 'a confirm', open.send('busy', 'b'))).toEqual(confirmed);
        }
        expect(await first).toMatchObject({ outcome: 'unknown' });
        expect(open.host.warnings.filter((text) => text.includes('was lost'))).toEqual([]);
        const waiting = open.send('quiet', 'second');
        await resume('quiet');
        expect(await waiting).toEqual(confirmed);
        expect(open.publisher.problem).toBeUndefined();
        expect(await open.drain('quiet')).toEqual(['before', 'first', 'second']);
      },
      limitMs,
    );

    test(
      'should not keep others out with what it was sent before',
      async () => {
        await using open = await openPublisher(node.url, { confirmTimeoutMs });
        await declare(open, 'full', 'beside');
        await open.send('full', 'before');
        await suspend('full');
        const first = open.send('full', 'first');
        const tried = performance.now() + confirmTimeoutMs / 2;
        while (performance.now() < tried) await open.send('beside', 'b');
        // One message more than there is room for, to a destination that is tried on a channel of its own by now.
        const body = Buffer.alloc(1_024 * 1_024);
        const large = Array.from({ length: 17 }, () =>
          open.publisher.publish({ exchange: '', routingKey: 'full', content: body, options: {} }),
        );
        const settled = Promise.allSettled([first, ...large]);
        const waited = performance.now();
        expect(await open.send('beside', 'late')).toEqual(confirmed);
        expect(performance.now() - waited).toBeLessThan(confirmTimeoutMs);
        await settled;
        await resume('full');
      },
      limitMs,
    );

    test(
      'should not keep others waiting when another message has the channel closed',
      async () => {
        await using open = await openPublisher(node.url, { confirmTimeoutMs });
        await declare(open, 'mute', 'near');
        await open.send('mute', 'before');
        await suspend('mute');
        const lost = [open.send('mute', 'one'), open.send('mute', 'two')];
        const tried = performance.now() + confirmTimeoutMs / 2;
        while (performance.now() < tried) await open.send('near', 'n');
        const exchange = 'nowhere';
        const content = Buffer.from('guilty');
        const guilty = open.publisher.publish({ exchange, routingKey: '', content, options: {} });
        const more = await within(confirmTimeoutMs / 3, 'a confirm', open.send('near', 'more'));
        expect(more).toEqual(confirmed);
        expect(await guilty).toMatchObject({ outcome: 'undeliverable' });
        expect(open.publisher.problem).toContain('"mute"');
        await resume('mute');
        await Promise.allSettled(lost);
        expect(await open.send('mute', 'after')).toEqual(confirmed);
      },
      limitMs,
    );
  });
});
