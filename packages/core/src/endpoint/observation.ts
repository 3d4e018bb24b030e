import type { Logger } from '../observability/logger.ts';
import type { Observation, Observer } from '../observability/observer.ts';
import type { Step } from '../pipeline/behavior.ts';
import type { IncomingContext } from '../pipeline/incoming-context.ts';

/** One function for all observers, or undefined when none watches. */
export function composeObservers(
  observers: readonly Observer[],
  logger: Logger,
): ((observation: Observation) => void) | undefined {
  const watching = observers.filter((observer) => observer.observe !== undefined);
  if (watching.length === 0) return undefined;
  return (observation) => {
    for (const observer of watching) {
      try {
        observer.observe?.(observation);
      } catch (error) {
        logger.warn({ err: error, observation: observation.kind }, 'An observer threw');
      }
    }
  };
}

/** `processing` inside the `process` members of the observers, the first outermost. */
export function observeProcessing(
  observers: readonly Observer[],
  processing: Step<IncomingContext>,
): Step<IncomingContext> {
  return observers
    .filter((observer) => observer.process !== undefined)
    .reduceRight<Step<IncomingContext>>(
      (inner, observer) => (context) =>
        observer.process?.(context.headers, context.queue, () => inner(context)) ?? inner(context),
      processing,
    );
}
