import type { Message } from '@aws-sdk/client-sqs';
import { attributeNames } from '../message/wire-message.ts';

/**
 * How often a message was delivered, by who counted it. A stored message cannot be changed, so what must outlive the
 * process is written on a copy that takes the message's place; see the decision record on the crash guard.
 */
export interface GuardCount {
  /** Deliveries of this copy, this one included, as SQS counts them. */
  readonly here: number;
  /** Deliveries of the copies before it. */
  readonly earlier: number;
  /** This copy is handled alone. */
  readonly alone: boolean;
}

/** Reads what SQS and the copies before say. */
export function guardCountOf({ Attributes, MessageAttributes }: Message): GuardCount {
  const here = Math.max(1, countIn(Attributes?.ApproximateReceiveCount));
  const written = MessageAttributes?.[attributeNames.guard]?.StringValue;
  if (written === undefined) return { here, earlier: 0, alone: false };
  const [earlier, alone] = written.split(';');
  return { here, earlier: countIn(earlier), alone: alone === 'alone' };
}

/** Anybody can write attributes. */
function countIn(text: string | undefined): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** All deliveries, this one included. */
export function deliveriesOf({ here, earlier }: GuardCount): number {
  return here + earlier;
}

/** One end without a word may be that of a process that died while the message only waited for its turn. */
const endsThatCondemn = 2;

/** Whether it killed the processes that handled it alone: such a copy only comes again when its holder died. */
export function diedAlone({ alone, here }: GuardCount): boolean {
  return alone && here > endsThatCondemn;
}

/** What a copy says that is handled alone from now on. */
export function aloneText(count: GuardCount, begun: boolean): string {
  return `${deliveriesOf(count) - (begun ? 0 : 1)};alone`;
}
