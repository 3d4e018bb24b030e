import { checkOut } from '../claim-check/claim-check.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import { parseRfc3339 } from '../time/rfc3339.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { Step } from './behavior.ts';
import type { IncomingContext } from './incoming-context.ts';

/** From what was on the wire to headers by Busbar's names and the message's own bytes; drops what has expired. */
export function createUnwrapStage(
  services: EndpointServices,
  next: Step<IncomingContext>,
): Step<IncomingContext> {
  const { clock, envelopes, mutators } = services;
  const byteMutators = mutators.filter((mutator) => mutator.incomingBytes !== undefined);
  const onlyNative = envelopes.length === 1 && envelopes[0]?.name === 'busbar';

  const fetchBody = async (context: IncomingContext): Promise<void> => {
    context.body = await checkOut(services.claimCheck, context.headers, context.body);
    for (const mutator of byteMutators) await mutator.incomingBytes?.(context);
    await next(context);
  };

  return (context) => {
    if (!onlyNative) unwrap(context, services);
    const { headers } = context;
    // A foreign sender need not know of ids: the broker's own serves, and every copy carries it on.
    context.messageId = headers[headerNames.messageId] || context.nativeId;
    headers[headerNames.messageId] = context.messageId;
    const expiresAt = headers[headerNames.expiresAt];
    if (expiresAt !== undefined && parseTime(headerNames.expiresAt, expiresAt) <= clock.now()) {
      context.outcome = 'expired';
      return done;
    }
    const waits = headers[headerNames.claim] !== undefined || byteMutators.length > 0;
    return waits ? fetchBody(context) : next(context);
  };
}

const done = Promise.resolve();

function unwrap(context: IncomingContext, services: EndpointServices): void {
  const { headers, body, native } = context;
  const envelope = services.envelopes.find((candidate) =>
    candidate.reads({ headers, body, native }),
  );
  if (envelope === undefined) {
    const names = services.envelopes.map((candidate) => candidate.name).join(', ');
    throw new BusbarError(
      'UNDECODABLE',
      `None of the envelopes (${names}) reads message ${context.nativeId}.`,
      {
        details: { nativeId: context.nativeId, queue: context.queue },
      },
    );
  }
  const unwrapped = envelope.unwrap({ headers, body, native });
  context.headers = { ...unwrapped.headers };
  context.body = unwrapped.body;
}

function parseTime(name: string, text: string): number {
  const time = parseRfc3339(text);
  if (time !== undefined) return time;
  throw new BusbarError(
    'UNDECODABLE',
    `The header ${name} is "${text.slice(0, 64)}", which is no RFC 3339 time.`,
    {
      details: { header: name },
    },
  );
}

/**
 * The logical id of a received message as its envelope has it; the broker's own where there is none, or where the message
 * cannot be read. Copies carry it, so that it does not change on the way to the error queue and back.
 */
export function messageIdOf(
  { envelopes }: Pick<EndpointServices, 'envelopes'>,
  { headers, body, native, nativeId }: Delivery,
): string {
  const wire = { headers, body, native };
  try {
    const envelope = envelopes.find((candidate) => candidate.reads(wire));
    return envelope?.unwrap(wire).headers[headerNames.messageId] || nativeId;
  } catch {
    return headers[headerNames.messageId] || nativeId;
  }
}
