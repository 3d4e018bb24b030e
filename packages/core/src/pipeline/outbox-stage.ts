import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { fromStored } from '../outbox/stored-operation.ts';
import type { OpenedMessage } from '../persistence/persistence.ts';
import type { Step } from './behavior.ts';
import { type Dispatch, DispatchBatch } from './dispatch-stage.ts';
import type { IncomingContext } from './incoming-context.ts';

/**
 * Opens the session of the message, and dispatches after the commit.
 *
 * With an outbox a message that was handled before is not handled again: what it sent and may not have left yet is
 * dispatched with the ids that were stored. Without one the batch goes out once the transaction has committed, in one
 * transaction with settling where the transport can.
 */
export function createOutboxStage(
  services: EndpointServices,
  next: Step<IncomingContext>,
  dispatch: Dispatch,
): Step<IncomingContext> {
  const { outbox, persistence } = services;

  const open = ({ messageId, headers, delivery }: IncomingContext): Promise<Opened> =>
    persistence.open({ messageId, headers, delivery, outbox });

  const useStored = async (context: IncomingContext, opened: Known): Promise<void> => {
    context.outcome = 'deduplicated';
    if (opened.state === 'dispatched') return;
    await dispatch(new DispatchBatch(opened.operations.map(fromStored), context.delivery));
    await persistence.markDispatched(context.messageId);
  };

  return async (context) => {
    const opened = await open(context);
    if (opened.state !== 'new') {
      await useStored(context, opened);
      return;
    }
    context.session = opened.session;
    try {
      await next(context);
    } catch (error) {
      await rollBack(services, context);
      // Another attempt at the message has committed meanwhile: what it stored is used.
      const stored = isConflict(error) ? await open(context) : opened;
      if (stored.state !== 'new') {
        await useStored(context, stored);
        return;
      }
      if (stored !== opened) await stored.session.rollback();
      throw error;
    }
    // A behaviour ended the processing before the transaction: there is nothing to commit.
    if (context.session !== undefined) await rollBack(services, context);
    if (outbox) {
      await dispatch(new DispatchBatch(context.batch, context.delivery));
      await persistence.markDispatched(context.messageId);
    } else if (context.batch.length > 0) {
      const batch = new DispatchBatch(context.batch, context.delivery, 'settle');
      await dispatch(batch);
      context.settled = batch.settled;
    }
  };
}

type Opened = OpenedMessage<unknown>;
type Known = Exclude<Opened, { readonly state: 'new' }>;

function isConflict(error: unknown): boolean {
  return error instanceof BusbarError && error.code === 'OUTBOX_CONFLICT';
}

/** A rollback that fails must not hide why the attempt failed. */
async function rollBack(services: EndpointServices, context: IncomingContext): Promise<void> {
  const session = context.session;
  // The transaction stage has taken the session once its commit has begun.
  if (session === undefined) return;
  context.session = undefined;
  try {
    await session.rollback();
  } catch (error) {
    services.logger.warn({ messageId: context.messageId, err: error }, 'A rollback failed');
  }
}
