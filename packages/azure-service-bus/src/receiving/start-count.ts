import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { ownProperties } from '../message/own-properties.ts';

/** What the service and its own properties tell of how often a message was tried. */
export interface StartCount {
  /** Deliveries before this one: those that the service counts, the only fetched included, and those that it does not. */
  readonly deliveries: number;
  /** Those of them that were handed back before anybody began the message. */
  readonly handedBack: number;
  /** The number of {@link StartCount.deliveries} from which on it is handled alone; 0 where it is not. */
  readonly alone: number;
}

/** @param uncounted deliveries that the service does not count */
export function startCountOf(message: ServiceBusReceivedMessage, uncounted = 0): StartCount {
  const deliveries = (message.deliveryCount ?? 0) + uncounted;
  const handedBack = Math.min(handedBackOf(message), deliveries);
  return { deliveries, handedBack, alone: numberIn(message, ownProperties.alone) };
}

export function handedBackOf(message: ServiceBusReceivedMessage): number {
  return numberIn(message, ownProperties.handedBack);
}

/** How often it was begun before. */
export function startsBefore({ deliveries, handedBack }: StartCount): number {
  return deliveries - handedBack;
}

/** It carries the note of a delivery from which on it is handled alone. */
export function isMarked({ alone }: StartCount): boolean {
  return alone > 0;
}

/**
 * The mark of one that is given back. Who has begun it and gives it back lives, so nothing is held against it; who has not
 * says nothing about it, and what others have seen of it stays true: only this delivery is not counted.
 */
export function keptMark({ alone }: StartCount, begun: boolean): number {
  return begun ? 0 : alone + 1;
}

/** One return may be that of a connection that was lost. */
const returnsThatCondemn = 2;

/**
 * It came back so often since it was first handled alone, and nobody gave it back: who does notes that nothing is held against
 * it.
 */
export function diedAlone({ deliveries, alone }: StartCount): boolean {
  return alone > 0 && deliveries >= alone + returnsThatCondemn;
}

function numberIn({ applicationProperties }: ServiceBusReceivedMessage, name: string): number {
  const value = Number(applicationProperties?.[name] ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}
