import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError, asError } from '../errors.ts';
import type { OutboxRelay } from '../outbox/outbox-relay.ts';
import { persistenceUnavailable } from '../persistence/persistence-unavailable.ts';
import type { OpenedMessage, StorageSession } from '../persistence/persistence.ts';
import { transactionConflict } from '../persistence/transaction-conflict.ts';
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
  relay: OutboxRelay | undefined,
): Step<IncomingContext> {
  const { persistence } = services;

  const openPlainly = ({ messageId, headers, delivery }: IncomingContext): Promise<Opened> =>
    persistence.open({ messageId, headers, delivery, outbox: relay !== undefined });

  const openOrExplain = async (context: IncomingContext): Promise<Opened> => {
    try {
      return await openPlainly(context);
    } catch (error) {
      throw explained(services, asError(error));
    }
  };

  const open = persistence.isOutage === undefined ? openPlainly : openOrExplain;

  const useStored = async (context: IncomingContext, opened: Known): Promise<void> => {
    context.outcome = 'deduplicated';
    if (opened.state === 'stored') await relay?.send(opened, context.delivery);
  };

  return async (context) => {
    const opened = await open(context);
    if (opened.state !== 'new') {
      await useStored(context, opened);
      return;
    }
    const { session } = opened;
    context.session = session;
    const abandon =
      session.abandon === undefined ? undefined : abandonWhenLost(services, context, session);
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
      // What a handler meets whose transaction was taken away says nothing of the database.
      throw context.delivery.lost ? error : explained(services, asError(error));
    } finally {
      if (abandon !== undefined) context.signal.removeEventListener('abort', abandon);
    }
    // A behaviour ended the processing before the transaction: there is nothing to commit.
    if (context.session !== undefined) await rollBack(services, context);
    if (context.settled) return;
    if (relay !== undefined) {
      await relay.sendCommitted(context.record, context.batch, context.delivery);
    } else if (context.batch.length > 0) {
      const { delivery } = context;
      const through = delivery.settleWith?.bind(delivery);
      await dispatch(new DispatchBatch(context.batch, { delivery, through }));
      context.settled = through !== undefined;
    }
  };
}

/** A database that is away is no fault of the message, and a transaction that lost against another may be tried again. */
function explained({ persistence }: EndpointServices, error: Error): Error {
  if (persistence.isOutage?.(error) === true) return persistenceUnavailable(error);
  return persistence.isConflict?.(error) === true ? transactionConflict(error) : error;
}

/**
 * A handler that goes on after its delivery is lost, or for ever, must not hold its transaction: the next attempt would wait
 * for its locks, and the pool for its connection.
 */
function abandonWhenLost(
  services: EndpointServices,
  context: IncomingContext,
  session: StorageSession,
): () => void {
  const abandon = (): void => {
    // Once its commit has begun it is too late.
    if (context.session !== session) return;
    context.session = undefined;
    session.abandon?.().catch((error: unknown) => {
      const fields = { messageId: context.messageId, err: asError(error) };
      services.logger.warn(fields, 'A transaction could not be taken from its handler');
    });
  };
  context.signal.addEventListener('abort', abandon, { once: true });
  if (context.signal.aborted) abandon();
  return abandon;
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
