import { BusbarError } from '../errors.ts';
import { type MessageSchema, isStandardSchema } from '../message/standard-schema.ts';
import type { SagaSettings } from './saga-description.ts';

/** Properties of a state that can hold a correlation value. */
export type CorrelationKey<State> = {
  [Key in keyof State]-?: State[Key] extends string | number ? Key : never;
}[keyof State] &
  string;

/** Options of `defineSaga` and of `@saga`. */
export interface SagaOptions<State extends object = object, Correlation extends string = string> {
  /**
   * The property of the state by which messages find their instance: unique among the instances of this saga. It is set
   * when an instance starts, and never changes.
   *
   * @default none: messages find their instance by its id, or by a finder
   */
  readonly correlation?: Correlation;
  /** The state of an instance that starts; its correlation property is set afterwards. */
  readonly initialState: () => State;
  /** Checks the state when it is loaded and before it is stored; gives it its type. @default none */
  readonly schema?: MessageSchema | undefined;
  /** Of the state's form. Raise it with each change that stored states do not fit, and `migrate` those. @default 1 */
  readonly version?: number;
  /**
   * Makes a state of this version from one of the earlier version `from`, when it is loaded. What it gives is checked by
   * the schema.
   *
   * @default none
   */
  migrate?(state: object, from: number): object | Promise<object>;
  /**
   * `'optimistic'`: who changes an instance at the same time as another is handled again. `'pessimistic'`: the second one
   * waits for the first, where the persistence can; for instances that many messages change at once.
   *
   * @default 'optimistic'
   */
  readonly locking?: 'optimistic' | 'pessimistic';
}

/** Every option, so that a misspelt one is found. */
const optionNames = [
  'correlation',
  'initialState',
  'schema',
  'version',
  'migrate',
  'locking',
] as const satisfies readonly (keyof SagaOptions)[];

const longestName = 200;
const forbiddenInNames = /[\s\p{Cc}\p{Cf}\p{Cs};,]/u;

/**
 * The options with their defaults.
 *
 * @throws BusbarError INVALID_SAGA, UNKNOWN_OPTION
 */
export function resolveSagaOptions(name: string, options: SagaOptions): SagaSettings {
  if (
    typeof name !== 'string' ||
    name === '' ||
    name.length > longestName ||
    forbiddenInNames.test(name)
  ) {
    const help = `Give it a name of 1 to ${longestName} characters without spaces, commas or semicolons, such as 'Shipping.Shipping'.`;
    throw new BusbarError('INVALID_SAGA', `The name of a saga is ${JSON.stringify(name)}.`, {
      help,
    });
  }
  if (typeof options !== 'object' || options === null) {
    throw invalid(name, 'has no options', 'Give it { initialState: () => ({ … }) }.');
  }
  for (const option of Object.keys(options)) {
    if ((optionNames as readonly string[]).includes(option)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The saga ${name} has no option "${option}".`, {
      help: `The options are: ${optionNames.join(', ')}.`,
      details: { saga: name, option },
    });
  }
  const { correlation, initialState, schema, version = 1, locking } = options;
  if (typeof initialState !== 'function') {
    throw invalid(name, 'has no initialState', 'Write initialState: () => ({ … }).');
  }
  if (correlation !== undefined && (typeof correlation !== 'string' || correlation === '')) {
    throw invalid(name, '`correlation` is no name', 'Name a property of the state.');
  }
  if (schema !== undefined && !isStandardSchema(schema)) {
    const help = 'Give a Standard Schema; undefined is mostly a circular import.';
    throw invalid(name, '`schema` is no schema', help);
  }
  checkVersion(name, version, options);
  if (locking !== undefined && locking !== 'optimistic' && locking !== 'pessimistic') {
    const help = "Write 'optimistic' or 'pessimistic'.";
    throw invalid(name, `\`locking\` is ${JSON.stringify(locking)}`, help);
  }
  return {
    name,
    correlation,
    initialState,
    schema,
    version,
    migrate:
      options.migrate === undefined ? undefined : (state, from) => options.migrate?.(state, from),
    pessimistic: locking === 'pessimistic',
  };
}

function checkVersion(name: string, version: unknown, options: SagaOptions): void {
  const migrates = options.migrate !== undefined;
  if (!Number.isSafeInteger(version) || (version as number) < 1) {
    throw invalid(name, `\`version\` is ${String(version)}`, 'Give it a whole number from 1.');
  }
  if (migrates && typeof options.migrate !== 'function') {
    throw invalid(name, '`migrate` is no function', 'Write migrate: (state, from) => ({ … }).');
  }
  if (version !== 1 && !migrates) {
    const help =
      'Write migrate: (state, from) => ({ … }), which makes such a state of earlier ones.';
    throw invalid(name, `has version ${String(version)} and no \`migrate\``, help);
  }
  if (version === 1 && migrates) {
    const help = 'Raise `version`: states of version 1 are never migrated.';
    throw invalid(name, 'has `migrate` and version 1', help);
  }
}

function invalid(name: string, what: string, help: string): BusbarError {
  return new BusbarError('INVALID_SAGA', `The saga ${name} ${what}.`, {
    help,
    details: { saga: name },
  });
}
