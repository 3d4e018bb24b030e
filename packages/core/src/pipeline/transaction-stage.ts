import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { type MutableHeaders, headerNames } from '../headers.ts';
import { nextCopy } from '../recoverability/failure-headers.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { Step } from './behavior.ts';
import { createDestinationCheck } from './destination-check.ts';
import { type Dispatch, DispatchBatch, deliveryLost } from './dispatch-stage.ts';
import type { IncomingContext } from './incoming-context.ts';
import { endOf } from './sending.ts';

/** Runs the handlers and commits what they changed, with the outgoing messages where there is an outbox. */
export function createTransactionStage(
  services: EndpointServices,
  next: Step<IncomingContext>,
  dispatch: Dispatch,
): Step<IncomingContext> {
  const { outbox, auditQueue } = services;
  const checkDestinations = createDestinationCheck(services);

  return async (context) => {
    await next(context);
    // A send that its handler did not await belongs to the attempt all the same, and fails it.
    if (context.sending.length > 0) await endOf(context.sending);
    context.ended = true;
    if (auditQueue !== undefined) context.batch.push(auditCopy(services, context, auditQueue));
    const { session, delivery, batch, sagas } = context;
    if (delivery.lost) throw deliveryLost(delivery);
    if (session === undefined) return;
    if (session.commitAndDispatch !== undefined) {
      const through = (operations: readonly TransportOperation[]) => {
        context.session = undefined;
        return (session as Required<typeof session>).commitAndDispatch({ operations, sagas });
      };
      await dispatch(new DispatchBatch(batch, { delivery, through }));
      context.settled = true;
      return;
    }
    if (outbox !== undefined && batch.length > 0) {
      await checkDestinations(batch);
      if (delivery.lost) throw deliveryLost(delivery);
    }
    context.session = undefined;
    const { record } = await session.commit({
      operations: outbox === undefined ? [] : batch,
      sagas,
    });
    context.record = record;
  };
}

/** What was received, with the processing beside it. An expired audit copy would be a gap, so nothing expires. */
function auditCopy(
  services: EndpointServices,
  context: IncomingContext,
  queue: string,
): TransportOperation {
  const { delivery } = context;
  const headers: MutableHeaders = {
    ...delivery.headers,
    [headerNames.messageId]: context.messageId,
  };
  delete headers[headerNames.expiresAt];
  headers[headerNames.copy] = nextCopy(delivery.headers);
  headers[headerNames.processingEndpoint] = services.endpoint;
  headers[headerNames.processingHost] = services.host;
  headers[headerNames.processingStarted] = new Date(context.startedAt).toISOString();
  headers[headerNames.processingEnded] = new Date(services.clock.now()).toISOString();
  return { message: { headers, body: delivery.body }, destination: { kind: 'queue', queue } };
}
