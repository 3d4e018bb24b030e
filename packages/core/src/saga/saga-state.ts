import { BusbarError, asError } from '../errors.ts';
import type { StandardSchema } from '../message/standard-schema.ts';
import { issueLines } from '../message/validate.ts';
import type { StoredSaga } from '../persistence/stored-saga.ts';
import { correlationText } from './correlation-value.ts';
import type { SagaSettings } from './saga-description.ts';
import { type StoredState, decodeState, isRecord } from './stored-state.ts';

/** A state that was stored, as its handlers get it. */
export interface LoadedState extends Pick<StoredState, 'originator'> {
  readonly state: object;
  /** Whether an earlier version was stored. */
  readonly migrated: boolean;
}

/**
 * The state of a stored saga: migrated to the present version, then checked, then as the schema makes it.
 *
 * @throws BusbarError SAGA_STATE_INVALID; rejects
 */
export async function loadState(saga: SagaSettings, stored: StoredSaga): Promise<LoadedState> {
  const decoded = decodeState(stored.state);
  if (decoded === undefined) {
    const help = 'Something else wrote to the table of the sagas: restore the row, or remove it.';
    throw stateInvalid(saga, stored.id, 'cannot be read', { help });
  }
  const { version, originator } = decoded;
  if (version > saga.version) {
    throw stateInvalid(saga, stored.id, `is of version ${version}, newer than the code`, {
      help: 'A newer version of this service has stored it: deploy that one here, too.',
      version,
    });
  }
  const migrated = version < saga.version;
  const present = migrated ? await migrate(saga, stored.id, decoded) : decoded.state;
  const state = await checkState(saga, stored.id, present, version);
  if (saga.correlation !== undefined) {
    const value: unknown = Reflect.get(state, saga.correlation);
    if (correlationText(value) !== stored.correlation) {
      const what = `has another \`${saga.correlation}\` than the "${stored.correlation ?? ''}" that it is stored under`;
      throw stateInvalid(saga, stored.id, what, { version });
    }
  }
  return { state, originator, migrated };
}

/**
 * The state as the schema makes it.
 *
 * @param version the one that was stored, for the error
 * @throws BusbarError SAGA_STATE_INVALID; rejects
 */
export async function checkState(
  saga: SagaSettings,
  id: string,
  state: object,
  version: number,
): Promise<object> {
  if (saga.schema === undefined) return state;
  const schema: StandardSchema = saga.schema;
  let result: Awaited<ReturnType<StandardSchema['~standard']['validate']>>;
  try {
    result = await schema['~standard'].validate(state);
  } catch (cause) {
    throw stateInvalid(saga, id, 'made the schema throw', { version, cause });
  }
  if (result.issues !== undefined) {
    const issues = issueLines(result.issues);
    throw stateInvalid(saga, id, `is not valid: ${issues.join('; ')}`, { version, issues });
  }
  if (isRecord(result.value)) return result.value;
  throw stateInvalid(saga, id, 'was made into no object by the schema', { version });
}

/**
 * The JSON of a state.
 *
 * @throws BusbarError SERIALIZATION_FAILED
 */
export function serializeState({ name }: SagaSettings, id: string, state: unknown): string {
  let reason = 'it is no object';
  let cause: unknown;
  try {
    const text = isRecord(state) ? (JSON.stringify(state) as string | undefined) : undefined;
    if (text?.startsWith('{') === true) return text;
  } catch (error) {
    cause = error;
    reason = `JSON cannot hold it: ${asError(error).message.split('\n', 1)[0]}`;
  }
  throw new BusbarError(
    'SERIALIZATION_FAILED',
    `The state of saga ${name} ${id} cannot be serialized: ${reason}.`,
    { cause, details: { saga: name, sagaId: id } },
  );
}

async function migrate(
  saga: SagaSettings,
  id: string,
  { state, version }: StoredState,
): Promise<object> {
  let made: unknown;
  try {
    made = await saga.migrate?.(state, version);
  } catch (cause) {
    throw stateInvalid(saga, id, 'cannot be migrated: `migrate` threw', { version, cause });
  }
  if (isRecord(made)) return made;
  throw stateInvalid(saga, id, 'cannot be migrated: `migrate` gave no object', { version });
}

interface InvalidState {
  readonly version?: number;
  readonly issues?: readonly string[];
  readonly help?: string;
  readonly cause?: unknown;
}

function stateInvalid(
  saga: SagaSettings,
  id: string,
  what: string,
  { version, issues, help, cause }: InvalidState,
): BusbarError {
  const stored = version === undefined ? '' : ` (stored as version ${version}, `;
  const versions = stored === '' ? '' : `${stored}the code has ${saga.version})`;
  return new BusbarError(
    'SAGA_STATE_INVALID',
    `The state of saga ${saga.name} ${id}${versions} ${what}.`,
    {
      ...(help !== undefined && { help }),
      cause,
      details: { saga: saga.name, sagaId: id, version, codeVersion: saga.version, issues },
    },
  );
}
