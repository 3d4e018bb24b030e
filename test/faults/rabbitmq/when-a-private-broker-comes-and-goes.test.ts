import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PrivateNode, startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { within } from '../../support/rabbitmq/bounded-wait.ts';
import { settleAfterDeclaring } from './support/settle-after-declaring.ts';

const limitMs = 30_000;

for (const major of ['3', '4'] as const) {
  const rabbit = await programsForTests(major);

  rabbit.register(`a private RabbitMQ ${major}`, (programs) => {
    let node: PrivateNode;
    const settings = {
      programs,
      conf: 'channel_max = 7',
      advanced: '[{rabbit, [{channel_tick_interval, 1234}]}].',
    };
    beforeAll(async () => void (node = await startPrivateNode(settings)), 90_000);
    afterAll(() => node.destroy());

    test(`${major}: should be of the version that was asked for`, async () => {
      await using connection = await connected(node.url);
      const { version } = connection.model.connection.serverProperties;
      expect(version).toBe(node.version);
      expect(version.startsWith(`${major}.`)).toBe(true);
    });

    test(`${major}: should have the configuration that was given`, async () => {
      const environment = await node.ctl('environment');
      expect(environment).toContain('{channel_max,7}');
      expect(environment).toContain('{channel_tick_interval,1234}');
    });

    test(
      `${major}: should keep what was confirmed when it is killed`,
      { timeout: 90_000 },
      async () => {
        const queue = `kept-${crypto.randomUUID()}`;
        {
          await using connection = await connected(node.url);
          const channel = await connection.model.createConfirmChannel();
          await channel.assertQueue(queue, { durable: true });
          channel.sendToQueue(queue, Buffer.from('still here'), { persistent: true });
          await within(limitMs, 'the confirm', channel.waitForConfirms());
          await settleAfterDeclaring();
          const lost = Promise.withResolvers<void>();
          connection.model.on('close', () => lost.resolve());
          await node.kill();
          await within(limitMs, 'the connection to break', lost.promise);
        }
        await expect(connect(node.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        await node.start();
        await using connection = await connected(node.url);
        const channel = await connection.model.createChannel();
        const message = await channel.get(queue, { noAck: true });
        expect(message && message.content.toString()).toBe('still here');
      },
    );

    test(
      `${major}: should come back on its port after a stop in order`,
      { timeout: 90_000 },
      async () => {
        await node.stop();
        expect(node.running).toBe(false);
        await node.start();
        await using connection = await connected(node.url);
        expect(connection.model).toBeDefined();
      },
    );

    test(`${major}: should be silent while it is paused`, async () => {
      await using connection = await connected(node.url);
      const channel = await connection.model.createChannel();
      node.pause();
      let answered = false;
      const answer = channel.assertQueue('', { exclusive: true }).then(() => (answered = true));
      await expect(connect(node.url, { timeout: 200 })).rejects.toThrow();
      expect(answered).toBe(false);
      node.resume();
      await within(limitMs, 'the answer', answer);
    });

    test(`${major}: should give each test a virtual host, without the management API`, async () => {
      await using host = await createVirtualHost(node);
      expect(host).toMatchObject({ prefix: '', management: undefined });
      await using connection = await connected(host.url);
      const channel = await connection.model.createChannel();
      await channel.assertQueue('only-there');
      expect(await node.ctl('list_queues', '--vhost', host.name, 'name')).toContain('only-there');
      expect(await node.ctl('list_queues', 'name')).not.toContain('only-there');
      await host.close();
      expect(await node.ctl('list_vhosts')).not.toContain(host.name);
    });
  });
}

const rabbit = await programsForTests();

test(
  'should say what the broker had against its configuration',
  { timeout: 90_000 },
  async (context) => {
    const programs = rabbit.orSkip(context);
    await expect(startPrivateNode({ programs, conf: 'no_such_key = 1' })).rejects.toThrow(
      /rabbitmq-server ended.*before it was ready:[^]*no_such_key/,
    );
  },
);

interface Connected extends AsyncDisposable {
  readonly model: ChannelModel;
}

async function connected(url: string): Promise<Connected> {
  const model = await connect(url, { timeout: limitMs });
  let open = true;
  model.on('error', () => {}).on('close', () => (open = false));
  const close = async (): Promise<void> => {
    if (open) await within(limitMs, 'the connection to close', model.close());
  };
  return { model, [Symbol.asyncDispose]: close };
}
