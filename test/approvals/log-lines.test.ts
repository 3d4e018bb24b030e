import {
  Command,
  Message,
  type Observation,
  RetryAt,
  decideRecovery,
  defineRoutes,
  defineSaga,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { type Harness, createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class Work extends Command('Approvals.Work')<{ how: string }> {}
class Answer extends Message('Approvals.Answer') {}
class Ask extends Command('Approvals.Ask', { reply: Answer }) {}
class Remember extends Command('Approvals.Remember')<{ what: string }> {}
class Remind extends Message('Approvals.Remind') {}
const routes = defineRoutes({ worker: [Work, Ask, Remember] });

const memory = defineSaga('Approvals.Memory', {
  correlation: 'what',
  initialState: () => ({ what: '' }),
})
  .startedBy(
    Remember,
    ({ what }) => what,
    async (_, saga) => {
      await saga.requestTimeout(new Remind(), { delay: '1s' });
      saga.complete();
    },
  )
  .onReply(Answer, () => {})
  .onTimeout(Remind, () => {});

class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

function work({ how }: Work, at: Date): void | Promise<void> {
  switch (how) {
    case 'wait':
      throw new RetryAt(at);
    case 'succeed':
      return undefined;
    case 'hang':
      return new Promise(() => {});
    default:
      throw new Hopeless(how);
  }
}

/** Every kind of line that an endpoint writes in good and bad times; operators search for these words. */
async function live(harness: Harness): Promise<void> {
  const worker = harness.endpoint('worker', {
    routes,
    handlers: [
      handler(Work, (message) => work(message, new Date(harness.clock.now() + 60_000))),
      handler(Ask, (_, context) => context.reply(new Answer(), { delay: '1m' })),
    ],
    persistence: memoryPersistence(),
    sagas: [memory],
    recoverability: {
      immediate: 1,
      rateLimit: { afterFailures: 3 },
      policy(failure, settings) {
        if (failure.error.message === 'throw in policy') throw new Error('The policy is broken');
        if (failure.error.message !== 'discard') return decideRecovery(failure, settings);
        return { action: 'discard', reason: 'nobody wants it' };
      },
    },
    observers: [
      {
        observe({ kind }: Observation) {
          if (kind === 'expired') throw new Error('The observer is broken');
        },
      },
    ],
    onCriticalError() {
      throw new Error('The hook is broken');
    },
    requestTimeout: '10s',
  });
  await harness.start();
  const send = (how: string, options = {}): Promise<void> =>
    worker.send(new Work({ how }), options);

  await worker.send(new Remember({ what: 'nothing' }));
  await harness.inject('worker', {
    headers: { 'busbar-enclosed-types': 'Approvals.Answer' },
    body: '{}',
  });
  await harness.advance('2s');
  await send('fail');
  await harness.advance('2m');
  await send('discard');
  await send('wait');
  await harness.advance('2m');
  await send('succeed', { delay: '5s', timeToBeReceived: '1ms' });
  harness.clock.setWallClock(new Date(harness.clock.now() + 10_000));
  await harness.advance('5s');
  await send('throw in policy');
  await harness.advance('2m');
  for (let index = 0; index < 3; index += 1) await send('overload');
  await harness.advance('10m');
  await send('succeed');
  await harness.advance('1m');
  const reply = worker.request(new Ask());
  reply.catch(() => {});
  await harness.advance('2m');
  harness.broker.removeQueue('error');
  await send('no error queue');
  await harness.advance('3m');
  await (await harness.queues()).provision([{ name: 'error' }]);
  await harness.advance('10m');
  await send('hang');
  await harness.until(() => worker.health().receivers.some((receiver) => receiver.inFlight > 0));
  await harness.stop();
}

test('should write the lines that operators know', async () => {
  const harness = createHarness();
  await live(harness);
  const lines = harness.logger.entries
    .filter(({ message }) => message !== 'Startup diagnostics')
    .map(({ level, message, fields }) => {
      const named = Object.keys(fields).filter((name) => fields[name] !== undefined);
      return `${level.padEnd(5)} ${message.replace(/\d+ ms/, 'N ms')} {${named.join(', ')}}`;
    });
  await expect(`${[...new Set(lines)].sort().join('\n')}\n`).toMatchFileSnapshot('log-lines.txt');
});
