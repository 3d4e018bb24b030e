import type { IncomingContext } from './incoming-context.ts';
import { type Step, compose } from './behavior.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import type { OutboxRelay } from '../outbox/outbox-relay.ts';
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
  relay: OutboxRelay | undefined,
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

  const dispatch = createDispatch(services);
  const handlers = stage('handlers', createHandlersStage(services, outgoing));
  const transaction = stage('transaction', createTransactionStage(services, handlers, dispatch));
  const deserialize = stage('deserialize', createDeserializeStage(services, transaction));
  const outbox = stage('outbox', createOutboxStage(services, deserialize, dispatch, relay));
  const unwrap = stage('unwrap', createUnwrapStage(services, outbox));
  const receive = stage('transport-receive', unwrap);
  if (!mayChangeBytes(services)) return receive;
  return (context) => {
    context.body = new Uint8Array(context.body);
    return receive(context);
  };
}

/** These stages are about bytes, and a copy for each attempt costs: only for those who could change them in place. */
const byteStages: ReadonlySet<StageName> = new Set([
  'transport-receive',
  'unwrap',
  'outbox',
  'deserialize',
]);

function mayChangeBytes({ behaviors, mutators }: EndpointServices): boolean {
  return (
    mutators.some((mutator) => mutator.incomingBytes !== undefined) ||
    behaviors.some(({ stage }) => byteStages.has(stage))
  );
}
