import {
  Command,
  Event,
  type HandlerContext,
  Message,
  type SagaContext,
  type SagaEntry,
  type StandardSchema,
  defineRoutes,
  defineSaga,
  finder,
} from '@busbar/core';
import { expectTypeOf, test } from 'vitest';

class Start extends Command('Types.Start')<{ id: string; count: number; maybe?: string }> {}
class Other extends Command('Types.Other')<{ id: string; count: number }> {}
class Happened extends Event('Types.Happened')<{ id: string }> {}
class Deadline extends Message('Types.Deadline')<{ id: string }> {}

interface Tx {
  query(text: string): void;
}
const routes = defineRoutes({ other: [Other] });

const saga = defineSaga('Types.Saga', {
  correlation: 'id',
  initialState: () => ({ id: '', count: 0, done: false }),
});

test('should infer messages and state', () => {
  const more = saga.startedBy(
    Start,
    (command, headers) => {
      expectTypeOf(command).toEqualTypeOf<Start>();
      return headers['id'] ?? command.id;
    },
    (command, context) => {
      expectTypeOf(command).toEqualTypeOf<Start>();
      expectTypeOf(context.state).toEqualTypeOf<{ id: string; count: number; done: boolean }>();
      expectTypeOf(context).toExtend<HandlerContext>();
      context.state.count += 1;
      context.state = { ...context.state, done: true };
    },
  );
  expectTypeOf(more).toExtend<SagaEntry>();
  expectTypeOf(more).toEqualTypeOf(saga);
  saga.startedBy(
    Start,
    finder(async (command, { headers }) => {
      expectTypeOf(command).toEqualTypeOf<Start>();
      return headers['id'] === undefined ? undefined : { correlation: command.count };
    }),
    () => {},
  );
});

test('should take routes and storage where they are named', () => {
  type State = { id: string; count: number; done: boolean };
  saga.onTimeout(Deadline, async (_, context: SagaContext<State, typeof routes, Tx>) => {
    context.storage.query('select 1');
    await context.send(new Other({ id: '', count: 1 }));
    // @ts-expect-error -- the command has no route
    await context.send(new Start({ id: '', count: 1 }));
  });
  saga.continuedBy<Happened, typeof routes, Tx>(
    Happened,
    ({ id }) => id,
    (_, context) => context.storage.query('select 1'),
  );
});

interface Checked {
  id: string;
  since: Date;
}
const schema = undefined as unknown as StandardSchema<unknown, Checked>;
const checked = (): Checked => ({ id: '', since: new Date() });
const withoutDate = () => ({ id: '' });

test('should take its state from a schema', () => {
  const typed = () => {
    defineSaga('Types.Schema', { schema, correlation: 'id', initialState: checked })
      .continuedBy(
        Happened,
        ({ id }) => id,
        (_, context) => expectTypeOf(context.state).toEqualTypeOf<Checked>(),
      )
      .onNotFound((_, context) => expectTypeOf(context).toEqualTypeOf<HandlerContext>());
    // @ts-expect-error -- nothing correlates by a date
    defineSaga('Types.Dates', { schema, correlation: 'since', initialState: checked });
    // @ts-expect-error -- the initial state does not fit
    defineSaga('Types.Initial', { schema, initialState: withoutDate });
  };
  expectTypeOf(typed).toBeFunction();
});

const id = (command: { readonly id: string }) => command.id;
const maybe = (command: Start) => command.maybe;
const isEmpty = (command: Start) => command.id === '';
const handleOther = (command: Other) => command;
const nothing = () => {};

test('should reject what does not fit', () => {
  const refused = () => {
    // @ts-expect-error -- another message, whatever its shape
    saga.startedBy(Start, id, handleOther);
    // @ts-expect-error -- another state
    saga.onTimeout(Deadline, (_, context: SagaContext<{ total: number }>) => context);
    // @ts-expect-error -- it may be missing
    saga.startedBy(Start, maybe, nothing);
    // @ts-expect-error -- nothing correlates by a boolean
    saga.startedBy(Start, isEmpty, nothing);
    // @ts-expect-error -- an event is no timeout
    saga.onTimeout(Happened, nothing);
    // @ts-expect-error -- an event is no reply
    saga.onReply(Happened, nothing);
    // @ts-expect-error -- the state has no such property
    defineSaga('Types.Property', { correlation: 'nothing', initialState: () => ({ id: '' }) });
    // @ts-expect-error -- nothing correlates by a list
    defineSaga('Types.List', { correlation: 'ids', initialState: () => ({ ids: [''] }) });
    const byQuery = defineSaga('Types.Query', { initialState: withoutDate });
    // @ts-expect-error -- it has no correlation, so only a finder finds it
    byQuery.startedBy(Start, id, nothing);
    const found = finder(() => undefined);
    byQuery.startedBy(Start, found, nothing);
    saga.onTimeout(Deadline, async (_, context) => {
      // @ts-expect-error -- a command is no timeout
      await context.requestTimeout(new Start({ id: '', count: 0 }), { delay: '1h' });
      // @ts-expect-error -- without a time
      await context.requestTimeout(new Deadline({ id: '' }), {});
      // @ts-expect-error -- with two times
      await context.requestTimeout(new Deadline({ id: '' }), { delay: 1, deliverAt: new Date() });
      // @ts-expect-error -- an event is no reply
      await context.replyToOriginator(new Happened({ id: '' }));
      // @ts-expect-error -- the id never changes
      context.sagaId = '';
    });
  };
  expectTypeOf(refused).toBeFunction();
});
