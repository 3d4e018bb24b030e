import type { Transport } from '@busbar/core';
import { type SqsTransportOptions, sqsTransport } from '@busbar/sqs';

/** What the conformance suite's own child processes receive with. */
export function childTransport(argument: unknown): Transport {
  return sqsTransport(argument as SqsTransportOptions);
}
