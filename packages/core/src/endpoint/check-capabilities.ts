import { BusbarError } from '../errors.ts';
import type { TransportCapabilities } from '../transport/capabilities.ts';
import type { EndpointSettings } from './endpoint-services.ts';
import { neededEvents } from './provisioning.ts';

/**
 * Refuses what the transport cannot do, once it is loaded and before it is connected.
 *
 * @throws BusbarError UNSUPPORTED_BY_TRANSPORT, DELAY_TOO_LONG with the alternative.
 */
export function checkCapabilities(
  settings: EndpointSettings,
  transport: string,
  capabilities: TransportCapabilities,
): void {
  checkOrder(settings, transport, capabilities);
  checkDelays(settings, transport, capabilities);
}

function checkOrder(
  settings: EndpointSettings,
  transport: string,
  { ordering, orderedEventsOnly }: TransportCapabilities,
): void {
  if (!settings.ordered) return;
  if (orderedEventsOnly === true) checkOrderedEvents(settings, transport);
  if (ordering !== 'none') return;
  throw new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `Endpoint "${settings.endpoint}" asks for \`ordered: true\`, which the transport ${transport} does not have.`,
    {
      help: 'Remove it: messages of one partitionKey keep their order inside one process all the same. Or run one process, or choose another transport.',
      details: { setting: 'ordered', transport },
    },
  );
}

function checkOrderedEvents(settings: EndpointSettings, transport: string): void {
  const events = neededEvents(settings).filter((definition) => !definition.ordered);
  const [first] = events;
  if (first === undefined) return;
  const names = events.map(({ name }) => name);
  throw new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `Endpoint "${settings.endpoint}" asks for \`ordered: true\` and handles events that are not ordered: ${names.join(', ')}. The transport ${transport} brings an ordered queue only events that are declared so.`,
    {
      help: `Declare the event with \`ordered: true\`, so that it is published with a partition key, or handle it in an endpoint that is not ordered.`,
      details: { setting: 'ordered', events: names, transport },
    },
  );
}

function checkDelays(
  settings: EndpointSettings,
  transport: string,
  { maxDelayMs }: TransportCapabilities,
): void {
  const { delayed } = settings.recoverability;
  for (let attempt = 1; attempt <= delayed.attempts; attempt += 1) {
    const longest = delayed.delayMs(attempt, 1);
    if (longest <= maxDelayMs) continue;
    throw new BusbarError(
      'DELAY_TOO_LONG',
      `The delayed retry ${attempt} of endpoint "${settings.endpoint}" waits ${longest} ms; the transport ${transport} holds messages for at most ${maxDelayMs} ms.`,
      { details: { setting: 'recoverability.delayed', maxDelayMs, transport } },
    );
  }
}
