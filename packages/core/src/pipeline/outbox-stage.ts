import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { fromStored } from '../outbox/stored-operation.ts';
import type { Step } from './behavior.ts';
import type { Dispatch } from './dispatch-stage.ts';
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

  return async (context) => {
    const { messageId, headers, delivery } = context;
    const opened = await persistence.open({ messageId, headers, delivery, outbox });
    if (opened.state === 'dispatched') {
      context.outcome = 'deduplicated';
      return;
    }
    if (opened.state === 'stored') {
      context.outcome = 'deduplicated';
      await dispatch(opened.operations.map(fromStored), delivery);
      await persistence.markDispatched(messageId);
      return;
    }
    context.session = opened.session;
    try {
      await next(context);
    } catch (error) {
      await rollBack(services, context);
      throw error;
    }
    // A behaviour ended the processing before the transaction: there is nothing to commit.
    if (context.session !== undefined) await rollBack(services, context);
    if (outbox) {
      await dispatch(context.batch, delivery);
      await persistence.markDispatched(messageId);
    } else if (context.batch.length > 0) {
      context.settled = await dispatch(context.batch, delivery, 'settle');
    }
  };
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
