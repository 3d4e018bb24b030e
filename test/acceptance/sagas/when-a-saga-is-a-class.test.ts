import {
  Command,
  Event,
  type HandlerContext,
  Message,
  type SagaContext,
  handler,
  memoryPersistence,
} from '@busbar/core';
import {
  continuedBy,
  handles,
  onNotFound,
  onReply,
  onTimeout,
  saga,
  startedBy,
} from '@busbar/core/decorators';
import { inversify } from '@busbar/inversify';
import { createHarness, noRetries } from '@busbar/testing';
import { Container, inject, injectable } from 'inversify';
import { expect, test } from 'vitest';
import { statesOf } from './states-of.ts';

class Begin extends Command('Classes.Begin')<{ id: string }> {}
class Ask extends Command('Classes.Ask') {}
class Told extends Message('Classes.Told')<{ what: string }> {}
class Ended extends Event('Classes.Ended')<{ id: string }> {}
class Deadline extends Message('Classes.Deadline') {}
class Missed extends Message('Classes.Missed')<{ by: string }> {}

interface State {
  id: string;
  log: string[];
}

class Names {
  readonly name = 'injected';
}

const options = { correlation: 'id', initialState: (): State => ({ id: '', log: [] }) } as const;

@injectable()
@saga('Classes.Saga', options)
class ClassSaga {
  readonly names: Names;

  constructor(@inject(Names) names: Names) {
    this.names = names;
  }

  @startedBy(Begin, ({ id }) => id)
  async begin(_command: Begin, context: SagaContext<State>): Promise<void> {
    context.state.log.push(`begun, ${this.names.name}`);
    await context.sendLocal(new Ask());
    await context.requestTimeout(new Deadline(), { delay: '1h' });
  }

  @onReply(Told)
  told({ what }: Told, { state }: SagaContext<State>): void {
    state.log.push(what);
  }

  @onTimeout(Deadline)
  late(_timeout: Deadline, { state }: SagaContext<State>): void {
    state.log.push('late');
  }

  @continuedBy(Ended, ({ id }) => id)
  ended(_event: Ended, context: SagaContext<State>): void {
    if (context.state.log.length > 0) context.complete();
  }

  @onNotFound()
  async missing(message: object, context: HandlerContext): Promise<void> {
    await context.reply(new Missed({ by: `${this.names.name} ${message.constructor.name}` }));
  }

  @handles(Ask)
  async answer(_command: Ask, context: HandlerContext): Promise<void> {
    await context.reply(new Told({ what: 'told' }));
  }
}

test.each(['root', 'container'] as const)(
  'should be made by the container, with what it needs: %s',
  async (scope) => {
    await using harness = createHarness();
    const persistence = memoryPersistence();
    const container = new Container();
    container.bind(Names).toSelf();
    const endpoint = harness.endpoint('classes', {
      persistence,
      container: inversify(container, { scope }),
      sagas: [ClassSaga],
      // The methods that handle without a state are handlers like others.
      handlers: [ClassSaga, handler(Missed, () => {})],
    });
    await harness.start();
    await endpoint.sendLocal(new Begin({ id: 'A-1' }));
    await harness.advance('1h');
    expect(statesOf(persistence, 'Classes.Saga')).toEqual([
      { id: 'A-1', log: ['begun, injected', 'told', 'late'] },
    ]);
    await endpoint.publish(new Ended({ id: 'A-1' }));
    await harness.settled();
    expect(persistence.sagas('Classes.Saga')).toEqual([]);
    await endpoint.publish(new Ended({ id: 'A-1' }));
    await harness.settled();
    expect(harness.replied(Missed)).toMatchObject([{ by: 'injected Ended' }]);
  },
);

test('should be found missing in the container before any message comes', async () => {
  await using harness = createHarness();
  const missing = harness.endpoint('classes', {
    persistence: memoryPersistence(),
    container: inversify(new Container()),
    sagas: [ClassSaga],
  });
  await expect(missing.start()).rejects.toMatchObject({ code: 'HANDLER_RESOLUTION_FAILED' });
  const plain = harness.endpoint('plain', {
    persistence: memoryPersistence(),
    sagas: [ClassSaga],
  });
  await expect(plain.start()).rejects.toThrow('The constructor of ClassSaga takes 1 parameters');
});

test('should be named by its method when that throws', async () => {
  await using harness = createHarness();
  @saga('Classes.Failing', options)
  class Failing {
    @startedBy(Begin, ({ id }) => id)
    begin(): void {
      throw new Error('broken');
    }
  }
  const endpoint = harness.endpoint('classes', {
    persistence: memoryPersistence(),
    sagas: [Failing],
    recoverability: noRetries,
  });
  await harness.start();
  await endpoint.sendLocal(new Begin({ id: 'A-1' }));
  await harness.settled();
  expect(await harness.errorQueue()).toMatchObject([{ failure: { handler: 'Failing.begin' } }]);
});
