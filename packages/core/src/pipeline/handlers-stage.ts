import type { HandlerContainer } from '../container/handler-container.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError, asError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { HandlerBinding } from '../handling/handler-registry.ts';
import type { SagaCall, SagaRegistry } from '../saga/saga-registry.ts';
import { SagaRunner } from '../saga/saga-runner.ts';
import { AttemptHandlerContext } from './attempt-handler-context.ts';
import type { Step } from './behavior.ts';
import { noteFailedHandler } from './failed-handler.ts';
import type { IncomingContext } from './incoming-context.ts';
import type { Outgoing } from './outgoing.ts';
import { createDispatch } from './dispatch-stage.ts';

/**
 * Calls the handlers of the message and then its sagas, one after the other; the first that throws fails the attempt. A
 * timeout is for the saga that requested it, and for nothing else.
 */
export function createHandlersStage(
  services: EndpointServices,
  outgoing: Outgoing,
): Step<IncomingContext> {
  const { handlers, sagas, container, endpoint } = services;
  const dispatch = createDispatch(services);
  const runner = new SagaRunner(services, outgoing, dispatch);

  const callHandlers = (work: Work, context: IncomingContext): Promise<void> =>
    callAll(work.bindings, context, work.handlerContext, container);

  const callHandlersAndSagas = async (work: Work, context: IncomingContext): Promise<void> => {
    await callHandlers(work, context);
    if (work.handlerContext.stopped) return;
    let handled = work.bindings.length > 0;
    for (const call of work.calls) {
      const outcome = await runner.run(call, context);
      if (outcome !== 'skipped') handled = true;
      if (outcome === 'stopped') break;
    }
    if (!handled) throw noHandler(services, context);
  };

  return (context) => {
    const isTimeout = context.headers[headerNames.sagaTimeout] === 'true';
    const { chain } = context.definition;
    const bindings = isTimeout ? none : handlers.bindingsFor(chain);
    const calls = isTimeout ? timeoutCalls(sagas, context) : sagas.callsFor(chain);
    if (bindings.length === 0 && calls.length === 0) throw noHandler(services, context);
    const handlerContext = new AttemptHandlerContext(services, outgoing, dispatch, context);
    const work = { bindings, calls, handlerContext };
    const call = calls.length === 0 ? callHandlers : callHandlersAndSagas;
    // Without classes there is nothing to resolve, and no scope is opened for it.
    const hasClasses =
      bindings.some((binding) => binding.kind === 'class') ||
      calls.some(({ saga }) => saga.type !== undefined);
    if (!hasClasses) return call(work, context);
    const scope = { messageId: context.messageId, headers: context.headers, endpoint };
    return container.within(scope, () => call(work, context));
  };
}

/** What is to be called for a message. */
interface Work {
  readonly bindings: readonly HandlerBinding[];
  readonly calls: readonly SagaCall[];
  readonly handlerContext: AttemptHandlerContext;
}

const none: readonly HandlerBinding[] = Object.freeze([]);

function timeoutCalls(
  sagas: SagaRegistry,
  { headers, definition }: IncomingContext,
): readonly SagaCall[] {
  const call = sagas.timeoutFor(headers[headerNames.sagaType] ?? '', definition.name);
  return call === undefined ? [] : [call];
}

async function callAll(
  bindings: readonly HandlerBinding[],
  { message }: IncomingContext,
  handlerContext: AttemptHandlerContext,
  container: HandlerContainer,
): Promise<void> {
  for (const binding of bindings) {
    try {
      if (binding.kind === 'function') await binding.invoke(message, handlerContext);
      else await binding.invoke(await container.resolve(binding.type), message, handlerContext);
    } catch (thrown) {
      const error = asError(thrown);
      noteFailedHandler(error, binding.name);
      throw error;
    }
    if (handlerContext.stopped) return;
  }
}

function noHandler(
  { endpoint }: EndpointServices,
  { definition, headers, messageId }: IncomingContext,
): BusbarError {
  const saga =
    headers[headerNames.sagaTimeout] === 'true' ? headers[headerNames.sagaType] : undefined;
  const what = saga === undefined ? '' : ` as a timeout of the saga ${saga.slice(0, 200)}`;
  return new BusbarError(
    'NO_HANDLER',
    `Endpoint "${endpoint}" has no handler for ${definition.name}${what} (message ${messageId}).`,
    { details: { messageType: definition.name, messageId } },
  );
}
