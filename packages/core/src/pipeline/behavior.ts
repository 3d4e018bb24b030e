import { BusbarError } from '../errors.ts';
import type { StageContexts, StageName } from './stages.ts';

/** Runs what comes after the behaviour: the later behaviours of the stage, its own work, and all later stages. */
export type Next = () => Promise<void>;

/** A step around a stage, written by the user. */
export interface Behavior<S extends StageName = StageName> {
  readonly stage: S;
  /** For diagnostics and error texts. */
  readonly name: string;
  readonly invoke: (context: StageContexts[S], next: Next) => Promise<void>;
}

/** Behaviours of any stages, as the configuration takes them. */
export type AnyBehavior = { [S in StageName]: Behavior<S> }[StageName];

/**
 * A behaviour for `stage`. Behaviours of one stage run in the order of registration, each around the next, all of them
 * around the stage's own work. Not calling `next` ends the processing there, as a success; throwing fails the attempt.
 *
 * @throws BusbarError NEXT_CALLED_TWICE from the second call of `next`.
 */
export function behavior<S extends StageName>(
  stage: S,
  name: string,
  invoke: (context: StageContexts[S], next: Next) => Promise<void>,
): Behavior<S> {
  return { stage, name, invoke };
}

/** A composed stage. It may throw at once what an `async` one would reject with, so that none has to be `async`. */
export type Step<C> = (context: C) => Promise<void>;

/** The behaviours of `stage` around `work`. Without behaviours it is `work` itself: no layer that does nothing. */
export function compose<S extends StageName, C extends StageContexts[S]>(
  stage: S,
  behaviors: readonly AnyBehavior[],
  work: Step<C>,
): Step<C> {
  return behaviors
    .filter((candidate): candidate is AnyBehavior & Behavior<S> => candidate.stage === stage)
    .reduceRight<Step<C>>((inner, current) => around(current, inner), work);
}

function around<S extends StageName, C extends StageContexts[S]>(
  current: Behavior<S>,
  inner: Step<C>,
): Step<C> {
  return (context) => {
    let called = false;
    return current.invoke(context, async () => {
      if (called) throw calledTwice(current.name);
      called = true;
      await inner(context);
    });
  };
}

function calledTwice(name: string): BusbarError {
  return new BusbarError('NEXT_CALLED_TWICE', `The behaviour "${name}" called next() twice.`, {
    details: { behavior: name },
  });
}
