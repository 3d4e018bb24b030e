import type { ServiceBusSender } from '@azure/service-bus';

const lookEveryMs = 100;

/** What the SDK keeps to itself. */
interface SenderInside {
  readonly _sender?: { readonly link?: { isOpen?(): boolean } | undefined };
}

/** Whether the sender's link is open; undefined where the SDK does not let us see. */
export function linkIsOpen(sender: ServiceBusSender): boolean | undefined {
  const inside = (sender as unknown as SenderInside)._sender;
  if (inside === undefined) return undefined;
  return inside.link?.isOpen?.() ?? false;
}

/** The link closed before the service answered. */
export class LinkClosed extends Error {
  override readonly name = 'LinkClosed';
  readonly code = 'ServiceCommunicationProblem';

  constructor() {
    super('The link was closed before the service confirmed.');
  }
}

/**
 * Runs a send over an open link, and ends it when the link closes before the answer. The SDK would wait for its whole
 * time-out, because nothing tells it that no answer can come any more.
 *
 * @throws LinkClosed
 */
export async function whileOpen(
  sender: ServiceBusSender,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const closed = new AbortController();
  const timer = setInterval(() => {
    if (linkIsOpen(sender) === false) closed.abort();
  }, lookEveryMs);
  timer.unref();
  try {
    await send(closed.signal);
  } catch (error) {
    throw closed.signal.aborted ? new LinkClosed() : error;
  } finally {
    clearInterval(timer);
  }
}
