import type { IncomingContext } from './incoming-context.ts';
import { type Step, compose } from './behavior.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { createDeserializeStage } from './deserialize-stage.ts';
import { createDispatch } from './dispatch-stage.ts';
import { createHandlersStage } from './handlers-stage.ts';
import { createOutboxStage } from './outbox-stage.ts';
import { createTransactionStage } from './transaction-stage.ts';
import { createUnwrapStage } from './unwrap-stage.ts';
import type { Outgoing } from './outgoing.ts';
import type { StageContexts, StageName } from './stages.ts';

/**
 * The whole incoming pipeline, composed once at start. Resolving means that the message is done: its changes are
 * committed, all that it sent is confirmed, only settling is left, unless `context.settled` says that this is done too.
 */
export function createReceivePipeline(
  services: EndpointServices,
  outgoing: Outgoing,
): Step<IncomingContext> {
  const stage = <S extends StageName>(
    name: S,
    work: Step<IncomingContext & StageContexts[S]>,
  ): Step<IncomingContext> =>
    compose<S, IncomingContext & StageContexts[S]>(
      name,
      services.behaviors,
      work,
    ) as Step<IncomingContext>;

  const handlers = stage('handlers', createHandlersStage(services, outgoing));
  const transaction = stage('transaction', createTransactionStage(services, handlers));
  const deserialize = stage('deserialize', createDeserializeStage(services, transaction));
  const outbox = stage(
    'outbox',
    createOutboxStage(services, deserialize, createDispatch(services)),
  );
  const unwrap = stage('unwrap', createUnwrapStage(services, outbox));
  return stage('transport-receive', unwrap);
}
