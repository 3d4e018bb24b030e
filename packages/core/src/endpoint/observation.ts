import type { MutableHeaders } from '../headers.ts';
import { guardedCall } from '../observability/guarded-call.ts';
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
      guardedCall(
        () => observer.observe?.(observation),
        (error) => logger.warn({ err: error, observation: observation.kind }, 'An observer threw'),
      );
    }
  };
}

/** Calls the `outgoing` members of all observers; undefined when there are none. */
export function composeOutgoing(
  observers: readonly Observer[],
  logger: Logger,
): ((headers: MutableHeaders) => void) | undefined {
  const watching = observers.filter((observer) => observer.outgoing !== undefined);
  if (watching.length === 0) return undefined;
  return (headers) => {
    for (const observer of watching) {
      guardedCall(
        () => observer.outgoing?.(headers),
        (error) => logger.warn({ err: error }, 'An observer threw before a message was sent'),
      );
    }
  };
}

/** A step may throw at once; an observer gets a promise that rejects. */
async function started(step: Step<IncomingContext>, context: IncomingContext): Promise<void> {
  await step(context);
}

/**
 * `processing` inside the `process` members of the observers, the first outermost. Whatever they do, the message is
 * processed once and the outcome is that of the processing.
 */
export function observeProcessing(
  observers: readonly Observer[],
  logger: Logger,
  processing: Step<IncomingContext>,
): Step<IncomingContext> {
  return observers
    .filter((observer) => observer.process !== undefined)
    .reduceRight<Step<IncomingContext>>((inner, observer) => {
      return async (context) => {
        let running: Promise<void> | undefined;
        const next = (): Promise<void> => (running ??= started(inner, context));
        let thrown: unknown;
        try {
          await observer.process?.(context.headers, context.queue, next);
        } catch (error) {
          thrown = error;
        }
        try {
          await next();
        } catch (error) {
          if (thrown === error) thrown = undefined;
          throw error;
        } finally {
          if (thrown !== undefined) {
            logger.warn({ err: thrown }, 'An observer threw while a message was processed');
          }
        }
      };
    }, processing);
}
