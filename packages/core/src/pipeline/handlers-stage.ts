import type { HandlerContainer } from '../container/handler-container.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError, asError } from '../errors.ts';
import type { HandlerBinding } from '../handling/handler-registry.ts';
import { AttemptHandlerContext } from './attempt-handler-context.ts';
import type { Step } from './behavior.ts';
import { noteFailedHandler } from './failed-handler.ts';
import type { IncomingContext } from './incoming-context.ts';
import type { Outgoing } from './outgoing.ts';
import { createDispatch } from './dispatch-stage.ts';

/** Calls the handlers of the message, one after the other; the first that throws fails the attempt. */
export function createHandlersStage(
  services: EndpointServices,
  outgoing: Outgoing,
): Step<IncomingContext> {
  const { handlers, container, endpoint } = services;
  const dispatch = createDispatch(services);

  return (context) => {
    const bindings = handlers.bindingsFor(context.definition.chain);
    if (bindings.length === 0) throw noHandler(services, context);
    const handlerContext = new AttemptHandlerContext(services, outgoing, dispatch, context);
    // Without classes there is nothing to resolve, and no scope is opened for it.
    if (bindings.every((binding) => binding.kind === 'function')) {
      return callAll(bindings, context, handlerContext, container);
    }
    const scope = { messageId: context.messageId, headers: context.headers, endpoint };
    return container.within(scope, () => callAll(bindings, context, handlerContext, container));
  };
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
