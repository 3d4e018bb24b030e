/** Ends a test that a transport cannot take for want of a capability; it counts as skipped, with the reason. */
export class NotApplicable extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`does not apply: ${reason}`);
    this.name = 'NotApplicable';
    this.reason = reason;
  }
}
