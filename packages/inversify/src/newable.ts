import type { HandlerClass } from '@busbar/core';
import type { Newable } from 'inversify';

/** The same class as inversify types one, whose parameters may be anything. */
export function newable<T extends object>(type: HandlerClass<T>): Newable<T> {
  return type as unknown as Newable<T>;
}
