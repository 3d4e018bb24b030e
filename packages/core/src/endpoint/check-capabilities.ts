import { BusbarError } from '../errors.ts';
import type { TransportCapabilities } from '../transport/capabilities.ts';
import type { EndpointSettings } from './endpoint-services.ts';

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
  { ordering }: TransportCapabilities,
): void {
  if (!settings.ordered || ordering !== 'none') return;
  throw new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `Endpoint "${settings.endpoint}" asks for \`ordered: true\`, which the transport ${transport} does not have.`,
    {
      help: 'Remove it: messages of one partitionKey keep their order inside one process all the same. Or run one process, or choose another transport.',
      details: { setting: 'ordered', transport },
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
