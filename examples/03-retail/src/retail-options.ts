import {
  type EndpointOptions,
  type HandlerClass,
  type Topology,
  defaultTopology,
  linear,
  transportFrom,
} from '@busbar/core';
import { routes } from './contracts.ts';
import { OrderRejected } from './order-rejected.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What all endpoints of the shop agree on. */
export function retailOptions(env: Environment = process.env) {
  const names = namesOf(env['BUSBAR_DEMO_RUN']);
  return {
    transport: transportFrom(env['BUSBAR_TRANSPORT'] ?? 'sqlite:.busbar/dev.db'),
    routes,
    topology: names.topology,
    errorQueue: names.errorQueue,
    provision: true,
    recoverability: {
      immediate: 2,
      // A real shop waits longer; here somebody is watching.
      delayed: linear({ attempts: 4, step: '1s' }),
      unrecoverable: [OrderRejected],
    },
    stopDeadline: '5s',
  } as const satisfies EndpointOptions<typeof routes>;
}

/** The names on the broker. Each run of the demo has its own, so that leftovers of an earlier one cannot disturb. */
export function namesOf(run: string | undefined): {
  readonly topology: Topology;
  readonly errorQueue: string;
  /** Where the head office puts what it has read from the error queue. */
  readonly readErrorsQueue: string;
} {
  const prefix = run === undefined ? '' : `${run}.`;
  return {
    topology: {
      inputQueue: (endpoint) => prefix + defaultTopology.inputQueue(endpoint),
      instanceQueue: (endpoint, instance) =>
        prefix + defaultTopology.instanceQueue(endpoint, instance),
      replyQueue: (endpoint, instance) => prefix + defaultTopology.replyQueue(endpoint, instance),
      topic: (messageType) => prefix + defaultTopology.topic(messageType),
    },
    errorQueue: `${prefix}error`,
    readErrorsQueue: `${prefix}error.read`,
  };
}

/** All handlers or sagas, but for the one that `npm run demo -- --without NAME` takes away to show what is noticed then. */
export function presentHandlers(...handlers: readonly HandlerClass[]): readonly HandlerClass[] {
  const absent = process.env['BUSBAR_DEMO_WITHOUT'];
  return handlers.filter((handler) => handler.name !== absent);
}
