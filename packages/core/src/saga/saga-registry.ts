import type { HandlerClass } from '../container/handler-container.ts';
import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { checkSaga } from './check-saga.ts';
import {
  type SagaBinding,
  type SagaDescription,
  type SagaEntry,
  isSaga,
  sagaDescription,
} from './saga-description.ts';
import { readSagaClass } from './saga-methods.ts';

/** What a saga has to do with a message: its handlers, in order, and the one that tells how the instance is found. */
export interface SagaCall {
  readonly saga: SagaDescription;
  readonly bindings: readonly SagaBinding[];
  /** That of the most derived type. */
  readonly finding: SagaBinding;
  readonly starts: boolean;
}

const none: readonly SagaCall[] = Object.freeze([]);

/** The sagas of an endpoint, by the messages that they handle. */
export class SagaRegistry {
  readonly #sagas: readonly SagaDescription[];
  /** Of all roles but timeouts. */
  readonly #handled = new Set<string>();
  /** By the names of a message's chain that are handled. */
  readonly #calls = new Map<string, readonly SagaCall[]>();
  readonly #timeouts = new Map<string, SagaCall>();

  /** @throws BusbarError INVALID_SAGA */
  constructor(entries: readonly SagaEntry[]) {
    this.#sagas = entries.map(describe);
    const names = new Set<string>();
    for (const saga of this.#sagas) {
      if (names.has(saga.name)) throw sameName(saga.name);
      names.add(saga.name);
      checkSaga(saga);
      for (const binding of saga.bindings) this.#add(saga, binding);
    }
  }

  #add(saga: SagaDescription, binding: SagaBinding): void {
    const { name } = binding.messageDefinition;
    if (binding.role !== 'onTimeout') this.#handled.add(name);
    else this.#timeouts.set(timeoutKey(saga.name, name), callOf(saga, [binding], [name]));
  }

  /** What the sagas have to do with a message of this chain that is no timeout; in the order of registration. */
  callsFor(chain: readonly string[]): readonly SagaCall[] {
    if (this.#handled.size === 0) return none;
    const handled = chain.filter((name) => this.#handled.has(name));
    if (handled.length === 0) return none;
    const key = handled.join(';');
    let calls = this.#calls.get(key);
    if (calls === undefined) {
      calls = this.#sagas.flatMap((saga) => {
        const bindings = saga.bindings.filter(
          ({ role, messageDefinition }) =>
            role !== 'onTimeout' && handled.includes(messageDefinition.name),
        );
        return bindings.length === 0 ? [] : [callOf(saga, bindings, handled)];
      });
      this.#calls.set(key, calls);
    }
    return calls;
  }

  /** What the saga of this name has to do with a timeout of this type. */
  timeoutFor(saga: string, messageType: string): SagaCall | undefined {
    return this.#timeouts.get(timeoutKey(saga, messageType));
  }

  /** The message types that have handlers, each once, in the order of registration. */
  messageDefinitions(): readonly MessageDefinition[] {
    const bindings = this.#sagas.flatMap((saga) => saga.bindings);
    return [...new Set(bindings.map((binding) => binding.messageDefinition))];
  }

  /** The classes of sagas that have one. */
  classes(): readonly HandlerClass[] {
    return this.#sagas.flatMap(({ type }) => (type === undefined ? [] : [type]));
  }

  /** All of them, in the order of registration. */
  descriptions(): readonly SagaDescription[] {
    return this.#sagas;
  }
}

function callOf(
  saga: SagaDescription,
  bindings: readonly SagaBinding[],
  chain: readonly string[],
): SagaCall {
  const finding = chain
    .map((name) => bindings.find((binding) => binding.messageDefinition.name === name))
    .find((binding) => binding !== undefined) as SagaBinding;
  const starts = bindings.some(({ role }) => role === 'startedBy');
  return Object.freeze({ saga, bindings, finding, starts });
}

function timeoutKey(saga: string, messageType: string): string {
  return `${saga};${messageType}`;
}

/** @throws BusbarError INVALID_SAGA */
function describe(entry: SagaEntry, index: number): SagaDescription {
  if (isSaga(entry)) return entry[sagaDescription];
  if (typeof entry === 'function' && entry.prototype !== undefined) return readSagaClass(entry);
  const missing = entry === undefined;
  throw new BusbarError(
    'INVALID_SAGA',
    `sagas[${index}] is ${missing ? 'undefined' : 'no saga'}.`,
    {
      help: missing
        ? 'Most often a circular import: the module of the saga has not run yet.'
        : 'Pass what defineSaga() made, or a class with @saga.',
      details: { index },
    },
  );
}

function sameName(name: string): BusbarError {
  return new BusbarError('INVALID_SAGA', `Two sagas have the name ${name}.`, {
    help: 'Each needs one of its own, under which its instances are stored; or one is registered twice.',
    details: { saga: name },
  });
}
