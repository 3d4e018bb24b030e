import { setImmediate } from 'node:timers/promises';
import { type HandlerClass, type HandlerContainer, type MessageScope } from '@busbar/core';
import { Container } from 'inversify';
import { CurrentMessage, bindCurrentMessage } from './current-message.ts';
import { checkContainer, checkCopies, checkOptions } from './check-options.ts';
import { runMessage, runningMessage } from './message-scope.ts';
import { newable } from './newable.ts';
import { verifyHandler } from './verify-handler.ts';

/** Options of {@link inversify}. */
export type InversifyOptions = RootScopeOptions | ContainerScopeOptions;

/** Handlers come from the container itself; what belongs to a message comes by `bindMessageScoped`. */
export interface RootScopeOptions {
  /** @default 'root' */
  readonly scope?: 'root';
}

/**
 * Each message has a child container of its own, which is emptied when its handlers have ended, so that `@preDestroy`
 * of what it made runs. It costs some 15 µs a message; choose it where classes that know nothing of Busbar are to be
 * singletons of one message.
 */
export interface ContainerScopeOptions {
  readonly scope: 'container';
  /**
   * Binds what lives as long as one message, in singleton scope to share it: `child.bind(UnitOfWork).toSelf()
   * .inSingletonScope()`. Called for every message, and at start with a message that is none, so it only binds.
   */
  readonly bindMessage?: (child: Container, message: MessageScope) => void;
}

/** A parent holds its children weakly, and nothing weak is freed before the event loop turns. */
const childrenPerTurn = 100;

/** What `bindMessage` is given when nothing is handled yet. */
const noMessage: MessageScope = { messageId: '', headers: {}, endpoint: '' };

/**
 * Resolves handlers from an inversify container. Handler classes that the container does not know are bound beside it,
 * in the scope that `@injectable()` names, else transient: a new one for each message. The container itself is not
 * changed; bind all that handlers need before the endpoint starts.
 *
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION, INCOMPATIBLE_PACKAGE
 */
export function inversify(container: Container, options: InversifyOptions = {}): HandlerContainer {
  checkContainer(container);
  checkOptions(options);
  const handlers = new Container({ parent: container });
  bindCurrentMessage(handlers);
  const synchronous = new Set<HandlerClass>();

  const bindUnknown = (type: HandlerClass): void => {
    if (!handlers.isBound(newable(type))) handlers.bind(newable(type)).toSelf();
  };
  const resolveFrom = <T extends object>(
    from: Container,
    type: HandlerClass<T>,
  ): T | Promise<T> => {
    if (synchronous.has(type)) return from.get<T>(newable(type));
    bindUnknown(type);
    return from.getAsync<T>(newable(type));
  };
  const verify = (types: readonly HandlerClass[], childFor: () => Container): void => {
    checkCopies();
    for (const type of types) {
      const { synchronous: isSynchronous } = verifyHandler(type, handlers, childFor);
      if (isSynchronous) synchronous.add(type);
    }
  };

  if (options.scope !== 'container') {
    return {
      name: 'inversify',
      resolve: (type) => resolveFrom(handlers, type),
      within: (scope, run) => runMessage(scope, undefined, run),
      verify: (types) => verify(types, () => new Container({ parent: handlers })),
    };
  }

  const { bindMessage } = options;
  const childFor = (message: MessageScope): Container => {
    const child = new Container({ parent: handlers });
    child.bind(CurrentMessage).toConstantValue(message);
    bindMessage?.(child, message);
    return child;
  };
  const turn = turnEvery(childrenPerTurn);
  return {
    name: 'inversify, a container per message',
    resolve: (type) => {
      const { container: child } = runningMessage(type.name);
      return resolveFrom(child ?? handlers, type);
    },
    within: async (scope, run) => {
      await turn();
      return runMessage(scope, childFor(scope), run);
    },
    verify: (types) => verify(types, () => childFor(noMessage)),
  };
}

/** Lets the event loop turn after every `count` calls: the calls beyond wait for it, together. */
function turnEvery(count: number): () => Promise<void> | undefined {
  let calls = 0;
  let turning: Promise<void> | undefined;
  return () => {
    calls += 1;
    if (calls > count) {
      turning ??= setImmediate().then(() => {
        calls = 0;
        turning = undefined;
      });
    }
    return turning;
  };
}
