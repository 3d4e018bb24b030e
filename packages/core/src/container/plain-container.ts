import { BusbarError } from '../errors.ts';
import type { HandlerClass, HandlerContainer } from './handler-container.ts';

/** The container of those who have none: each handler class is constructed once, without arguments. */
export function plainContainer(): HandlerContainer {
  const instances = new Map<HandlerClass, object>();
  return {
    name: 'plain',
    resolve<T extends object>(type: HandlerClass<T>): T {
      const known = instances.get(type);
      if (known !== undefined) return known as T;
      const made = new type();
      instances.set(type, made);
      return made;
    },
    within: (_scope, run) => run(),
    verify(types) {
      for (const type of types) {
        if (type.length === 0) continue;
        throw new BusbarError(
          'HANDLER_RESOLUTION_FAILED',
          `The constructor of ${type.name} takes ${type.length} parameters, and no container is configured to supply them.`,
          {
            help: 'Add `container: inversify(container)` from @busbar/inversify to the endpoint, or write the handler as handler(Message, function).',
            details: { handler: type.name },
          },
        );
      }
    },
  };
}
