import { AsyncLocalStorage } from 'node:async_hooks';
import { BusbarError, type MessageScope } from '@busbar/core';
import type { Container } from 'inversify';

/** A message whose handlers run. */
export interface RunningMessage {
  readonly scope: MessageScope;
  /** The container of this message, where each has its own. */
  readonly container: Container | undefined;
  /** What `bindMessageScoped` made for it, by binding, in the order in which it was made. */
  values: Map<object, unknown> | undefined;
  over: boolean;
}

const slot = Symbol.for('busbar.inversify.messages');
const slots = globalThis as unknown as Record<symbol, AsyncLocalStorage<RunningMessage>>;

/** Of the whole process, so that it does not matter by which copy of this package somebody asks. */
export const runningMessages = (slots[slot] ??= new AsyncLocalStorage<RunningMessage>());

/**
 * The message that is being handled around the call, at any depth and across `await`.
 *
 * @throws BusbarError HANDLER_RESOLUTION_FAILED outside the handlers of a message
 */
export function currentMessage(): MessageScope {
  return runningMessage('The current message').scope;
}

/** @param what is asked for, as the beginning of a sentence */
export function runningMessage(what: string): RunningMessage {
  const message = runningMessages.getStore();
  if (message === undefined || message.over) {
    throw new BusbarError(
      'HANDLER_RESOLUTION_FAILED',
      message === undefined
        ? `${what} was asked for outside the handlers of a message.`
        : `${what} was asked for after the handlers of message ${message.scope.messageId} had ended.`,
      {
        help:
          message === undefined
            ? 'Ask for it in a handler, or in a class that is made for one: a singleton may be made earlier, so bind what needs it in transient scope.'
            : 'Await all that a handler starts: what belongs to a message is given up when its handlers end.',
        details: { messageId: message?.scope.messageId },
      },
    );
  }
  return message;
}

/** Runs the handlers of one message and then gives up what was made for it, the last first. */
export async function runMessage<R>(
  scope: MessageScope,
  container: Container | undefined,
  run: () => Promise<R>,
): Promise<R> {
  const message: RunningMessage = { scope, container, values: undefined, over: false };
  let result: R;
  try {
    result = await runningMessages.run(message, run);
  } catch (error) {
    message.over = true;
    // The handler's error decides about the message, so one of the clean-up must not take its place.
    if (owns(message)) await giveUp(message).catch(warn);
    throw error;
  }
  message.over = true;
  // Still before the attempt is committed: a unit of work that cannot be closed fails it.
  if (owns(message)) await giveUp(message);
  return result;
}

function owns({ container, values }: RunningMessage): boolean {
  return container !== undefined || values !== undefined;
}

async function giveUp({ container, values }: RunningMessage): Promise<void> {
  const failures: unknown[] = [];
  for (const value of [...(values?.values() ?? [])].reverse()) {
    try {
      await disposeOf(await value);
    } catch (error) {
      failures.push(error);
    }
  }
  try {
    await container?.unbindAllAsync();
  } catch (error) {
    failures.push(error);
  }
  for (const further of failures.slice(1)) warn(further);
  if (failures.length > 0) throw failures[0];
}

async function disposeOf(value: unknown): Promise<void> {
  if (typeof value !== 'object' || value === null) return;
  if (Symbol.asyncDispose in value) await (value as AsyncDisposable)[Symbol.asyncDispose]();
  else if (Symbol.dispose in value) (value as Disposable)[Symbol.dispose]();
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
