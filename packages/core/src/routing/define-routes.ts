import { BusbarError } from '../errors.ts';
import { type MessageDefinition, definitionOf } from '../message/message-definition.ts';
import type { NamesIn, Routes, RouteTable, SingleOwners } from './routes.ts';

/** What would break an address in a header or the name of a broker's entity. */
const forbidden = /[\s\p{Cc}\p{Cf}\p{Cs};,]/u;

/**
 * Declares which endpoint owns which command. Share the value between services, next to the contracts.
 *
 * ```ts
 * export const routes = defineRoutes({ billing: [BillOrder, RefundOrder], shipping: [ShipOrder] });
 * ```
 *
 * An endpoint made with it accepts only these commands at compile time; a handler does so with
 * `HandlerContext<typeof routes>`. A command with two owners does not compile.
 *
 * @throws BusbarError DUPLICATE_ROUTE, NOT_A_COMMAND, NOT_A_MESSAGE, INVALID_CONFIGURATION
 */
export function defineRoutes<const Table extends RouteTable>(
  table: Table & SingleOwners<Table>,
): Routes<NamesIn<Table>> {
  const owners = new Map<string, string>();
  const commands = new Map<string, MessageDefinition>();
  const destinations = Object.keys(table);
  for (const destination of destinations) {
    checkDestination(destination);
    for (const type of Object.values((table as RouteTable)[destination] ?? [])) {
      const definition = definitionOf(type);
      if (definition.kind !== 'command') throw notACommand(definition, destination);
      const owner = owners.get(definition.name);
      if (owner !== undefined) throw duplicate(definition, owner, destination);
      owners.set(definition.name, destination);
      commands.set(definition.name, definition);
    }
  }
  const routes: Omit<Routes, keyof Routes & symbol> = {
    destinationOf: (name) => owners.get(name),
    destinations: () => destinations,
    commands: () => [...commands.values()],
  };
  return Object.freeze(routes) as unknown as Routes<NamesIn<Table>>;
}

/** The routes of an endpoint that has none: every command needs a destination in its options. */
export function noRoutes(): Routes {
  return defineRoutes({});
}

function checkDestination(destination: string): void {
  if (destination !== '' && !forbidden.test(destination)) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `defineRoutes: ${JSON.stringify(destination)} is no endpoint name.`,
    {
      help: 'Endpoint names are not empty and have no spaces, commas or semicolons.',
    },
  );
}

function notACommand(definition: MessageDefinition, destination: string): BusbarError {
  return new BusbarError(
    'NOT_A_COMMAND',
    `defineRoutes: ${definition.name}, routed to ${destination}, is ${definition.kind === 'event' ? 'an event' : 'a reply or timeout'}.`,
    { details: { messageType: definition.name, destination } },
  );
}

function duplicate(definition: MessageDefinition, owner: string, destination: string): BusbarError {
  const where = owner === destination ? `twice to ${owner}` : `to ${owner} and to ${destination}`;
  return new BusbarError(
    'DUPLICATE_ROUTE',
    `defineRoutes: ${definition.name} is routed ${where}.`,
    {
      details: { messageType: definition.name, destinations: [owner, destination] },
    },
  );
}
