import { BusbarError } from '../errors.ts';
import type { SagaChange, StoredSaga } from '../persistence/stored-saga.ts';
import { correlationState, correlationText } from './correlation-value.ts';
import type { SagaSettings } from './saga-description.ts';
import { checkState, loadState, serializeState } from './saga-state.ts';
import { type AnsweredMessage, encodeState, isRecord } from './stored-state.ts';

/** An instance of a saga while one message is handled. */
export interface SagaInstance {
  readonly id: string;
  readonly correlation: string | undefined;
  readonly originator: AnsweredMessage;
  state: object;
  completed: boolean;
  /** How it was found; undefined for one that starts. */
  readonly stored: StoredSaga | undefined;
  /** The JSON of the state as it was loaded; undefined when it has to be stored in any case. */
  readonly before: string | undefined;
}

/** An instance that is stored. @throws BusbarError SAGA_STATE_INVALID; rejects */
export async function loadInstance(saga: SagaSettings, stored: StoredSaga): Promise<SagaInstance> {
  const { state, originator, migrated } = await loadState(saga, stored);
  const { id, correlation } = stored;
  const before = migrated ? undefined : serializeState(saga, id, state);
  return { id, correlation, originator, state, completed: false, stored, before };
}

/** An instance that starts, with the correlation value in its state. @throws BusbarError INVALID_SAGA */
export function newInstance(
  saga: SagaSettings,
  id: string,
  value: unknown,
  originator: AnsweredMessage,
): SagaInstance {
  const state: unknown = saga.initialState();
  // JSON makes `{}` of a promise.
  if (!isRecord(state) || state instanceof Promise) throw noState(saga);
  const correlation = saga.correlation === undefined ? undefined : correlationText(value);
  if (saga.correlation !== undefined && correlation !== undefined) {
    const initial: unknown = Reflect.get(state, saga.correlation);
    Reflect.set(state, saga.correlation, correlationState(correlation, value, initial));
  }
  return {
    id,
    correlation,
    originator,
    state,
    completed: false,
    stored: undefined,
    before: undefined,
  };
}

/**
 * What the handlers have made of the instance; undefined when there is nothing to store.
 *
 * @throws BusbarError SAGA_CORRELATION_CHANGED, SERIALIZATION_FAILED, SAGA_STATE_INVALID; rejects
 */
export async function changeOf(
  saga: SagaSettings,
  instance: SagaInstance,
): Promise<SagaChange | undefined> {
  const { id, correlation, originator, stored, before } = instance;
  if (instance.completed) return stored && { kind: 'remove', saga: stored };
  const json = serializeState(saga, id, instance.state);
  if (json === before) return undefined;
  const written = JSON.parse(json) as object;
  if (saga.correlation !== undefined) {
    const value: unknown = Reflect.get(written, saga.correlation);
    if (correlationText(value) !== correlation) throw correlationChanged(saga, id, correlation);
  }
  await checkState(saga, id, written, saga.version);
  const state = encodeState(saga.version, json, originator);
  if (stored !== undefined) {
    return { kind: 'update', saga: { ...stored, version: stored.version + 1, state } };
  }
  return { kind: 'insert', saga: { type: saga.name, id, correlation, version: 1, state } };
}

function correlationChanged(
  { name, correlation: property }: SagaSettings,
  sagaId: string,
  correlation: string | undefined,
): BusbarError {
  return new BusbarError(
    'SAGA_CORRELATION_CHANGED',
    `A handler of saga ${name} ${sagaId} changed \`${property}\`, by which it is found.`,
    { details: { saga: name, sagaId, property, correlation } },
  );
}

function noState({ name }: SagaSettings): BusbarError {
  return new BusbarError('INVALID_SAGA', `The initialState of saga ${name} gave no object.`, {
    help: 'Write initialState: () => ({ … }), a new object each time.',
    details: { saga: name },
  });
}
