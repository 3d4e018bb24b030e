import rhea from 'rhea';
import type { BrokerFault } from '../broker/broker-fault.ts';
import type { Typed } from '../message/amqp-types.ts';
import { amqpTypes } from '../message/amqp-types.ts';
import type { SenderInternals } from './rhea-internals.ts';

/** `$cbs` and `$management` spell the fields of their answers differently. */
export type ReplyStyle = 'hyphens' | 'camelCase';

const names = {
  hyphens: { code: 'status-code', description: 'status-description', condition: 'error-condition' },
  camelCase: { code: 'statusCode', description: 'statusDescription', condition: 'errorCondition' },
} as const;

export interface Reply {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: Readonly<Record<string, Typed>>;
}

export function failureReply({ status, message, condition }: BrokerFault): Reply {
  return { status, description: message, condition };
}

export function sendReply(
  link: SenderInternals,
  correlationId: string | undefined,
  style: ReplyStyle,
  reply: Reply,
): void {
  const { code, description, condition } = names[style];
  const encoded = rhea.message.encode({
    correlation_id: correlationId,
    application_properties: {
      [code]: amqpTypes.wrap_int(reply.status),
      [description]: reply.description,
      ...(reply.condition !== undefined && { [condition]: amqpTypes.wrap_symbol(reply.condition) }),
    },
    body: amqpTypes.wrap(reply.body ?? {}),
  });
  const delivery = link.send(encoded, undefined, 0) as { settled: boolean };
  // Nobody waits for its settlement, and rhea keeps what is not settled.
  delivery.settled = true;
}
