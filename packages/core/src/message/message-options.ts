import type { Duration } from '../time/duration.ts';

/** What all message types can declare. */
export interface MessageOptions {
  /**
   * How long the message is of use. A message older than that is dropped at receive and counted, on every transport.
   *
   * @default unlimited
   */
  readonly timeToBeReceived?: Duration;
}
