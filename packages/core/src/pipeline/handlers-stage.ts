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

  const callSagas = async (
    calls: readonly SagaCall[],
    context: IncomingContext,
  ): Promise<boolean> => {
    let handled = false;
    for (const call of calls) {
      const outcome = await runner.run(call, context);
      if (outcome !== 'skipped') handled = true;
      if (outcome === 'stopped') break;
    }
    return handled;
  };

  return (context) => {
    const isTimeout = context.headers[headerNames.sagaTimeout] === 'true';
    const bindings = isTimeout ? none : handlers.bindingsFor(context.definition.chain);
    const calls = isTimeout
      ? timeoutCalls(sagas, context)
      : sagas.callsFor(context.definition.chain);
    if (bindings.length === 0 && calls.length === 0) throw noHandler(services, context);
    const handlerContext = new AttemptHandlerContext(services, outgoing, dispatch, context);
    const callEvery = async (): Promise<void> => {
      await callAll(bindings, context, handlerContext, container);
      if (calls.length === 0 || handlerContext.stopped) return;
      const handled = await callSagas(calls, context);
      if (!handled && bindings.length === 0) throw noHandler(services, context);
    };
    // Without classes there is nothing to resolve, and no scope is opened for it.
    const resolves =
      bindings.some((binding) => binding.kind === 'class') ||
      calls.some(({ saga }) => saga.type !== undefined);
    if (!resolves && calls.length === 0) {
      return callAll(bindings, context, handlerContext, container);
    }
    if (!resolves) return callEvery();
    const scope = { messageId: context.messageId, headers: context.headers, endpoint };
    return container.within(scope, callEvery);
  };
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

function noHandler(services: EndpointServices, context: IncomingContext): BusbarError {
  return new BusbarError(
    'NO_HANDLER',
    `Endpoint "${services.endpoint}" has no handler for ${context.definition.name} (message ${context.messageId}).`,
    { details: { messageType: context.definition.name, messageId: context.messageId } },
  );
}
