import { BusbarError, asError } from '@busbar/core';
import { replyCodeOf, replyCodes } from '../connection/amqp-error.ts';

/** What the broker said, without what the client wraps around it. */
export function brokerText(error: unknown): string {
  const { message } = asError(error);
  const [, quoted] = /with message "([^]*)"$/.exec(message) ?? [];
  return (quoted ?? message).replace(/^[A-Z_]+ - /, '');
}

/** How something that exists differs from what was declared. */
export interface Difference {
  readonly argument: string;
  /** What it is in truth; undefined is not set. */
  readonly current: string | number | boolean | undefined;
}

const refusal =
  /inequivalent arg '(.+?)' for (?:queue|exchange) .*: received .+ but current is (.+)$/s;

/** Reads a refusal such as `inequivalent arg 'x-queue-type' for queue 'sales' in vhost '/': received … but current is …`. */
export function differenceOf(error: unknown): Difference | undefined {
  const [, argument, value] = refusal.exec(brokerText(error)) ?? [];
  if (argument === undefined || value === undefined) return undefined;
  return { argument, current: valueOf(value) };
}

function valueOf(text: string): Difference['current'] {
  if (text === 'none') return undefined;
  const [, typed, type, plain = ''] =
    /^(?:the value '(.*)' of type '(\w+)'|'(.*)')$/s.exec(text) ?? [];
  const value = typed ?? plain;
  if (type === 'longstr') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return /^-?\d+$/.test(value) ? Number(value) : value;
}

/** What the broker refused is an error of the set-up; everything else is one of the connection. */
export function toBusbarError(error: unknown, what: string): BusbarError {
  if (error instanceof BusbarError) return error;
  const code = replyCodeOf(error);
  const refused = code !== undefined && code > replyCodes.connectionForced && code < 500;
  return refused
    ? new BusbarError('INVALID_CONFIGURATION', `RabbitMQ refused ${what}: ${brokerText(error)}.`, {
        cause: error,
      })
    : new BusbarError(
        'TRANSPORT_UNAVAILABLE',
        `RabbitMQ failed at ${what}: ${brokerText(error)}.`,
        {
          cause: error,
        },
      );
}
