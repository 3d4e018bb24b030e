import { BusbarError } from '../errors.ts';
import type { EndpointOptions } from './endpoint-options.ts';

/** What an option must be when the compiler has not seen it: its functions, and what to write. */
interface Shape {
  readonly members: readonly string[];
  readonly write: string;
}

const shapes: Partial<Record<keyof EndpointOptions, Shape>> = {
  routes: {
    members: ['destinationOf', 'destinations', 'commands'],
    write: 'Write defineRoutes({ owner: [Command] }).',
  },
  container: {
    members: ['resolve', 'within'],
    write: 'An inversify container is passed as `container: inversify(container)`.',
  },
  persistence: { members: ['connect'], write: 'Write memoryPersistence(), or that of an adapter.' },
  logger: {
    members: ['debug', 'info', 'warn', 'error'],
    write: 'A pino logger fits, and so does `console`, arguments aside.',
  },
  clock: { members: ['now', 'monotonic', 'setTimer'], write: 'Leave it out but in tests.' },
  serializer: { members: ['serialize', 'deserialize'], write: 'Write jsonSerializer().' },
  envelope: { members: ['reads', 'unwrap', 'wrap'], write: 'Leave it out for Busbar’s own.' },
  topology: {
    members: ['inputQueue', 'instanceQueue', 'replyQueue', 'topic'],
    write: 'Write { ...defaultTopology, topic: (type) => … }.',
  },
};

const lists = [
  'handlers',
  'sagas',
  'messages',
  'behaviors',
  'mutators',
  'observers',
  'deserializers',
  'envelopes',
] as const;

/**
 * Finds what is of the wrong shape before anything is connected: it would fail at the first message otherwise.
 *
 * @throws BusbarError INVALID_CONFIGURATION
 */
export function checkShapes(endpoint: string, options: EndpointOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new BusbarError('INVALID_CONFIGURATION', `Endpoint "${endpoint}" has no options.`, {
      help: `Write createEndpoint('${endpoint}', { transport: memoryTransport() }).`,
    });
  }
  for (const [option, { members, write }] of Object.entries(shapes)) {
    const value = (options as unknown as Record<string, unknown>)[option];
    if (value === undefined) continue;
    const missing = members.filter((member) => !isFunction(value, member));
    if (missing.length > 0) throw malformed(option, `has no ${missing.join('(), no ')}()`, write);
  }
  for (const option of lists) {
    if (options[option] === undefined || Array.isArray(options[option])) continue;
    throw malformed(option, 'is no list', `Write ${option}: [ … ].`);
  }
  const hook: unknown = options.onCriticalError;
  if (hook !== undefined && typeof hook !== 'function') {
    throw malformed('onCriticalError', 'is no function', 'Write (error) => { … }.');
  }
}

function isFunction(value: unknown, member: string): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as Record<string, unknown>)[member] === 'function';
}

function malformed(option: string, what: string, help: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `The option \`${option}\` ${what}.`, {
    help,
    details: { setting: option },
  });
}
