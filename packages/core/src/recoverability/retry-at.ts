const brand = Symbol.for('busbar.retry-at');

/**
 * Thrown by a handler that knows when trying again makes sense (a rate limit's reset, the end of a maintenance). The
 * message is delivered again at `at`; such a retry counts against no limit. A moment further away than the transport can
 * hold a message is cut to that; the handler then looks at the time and throws again.
 */
export class RetryAt extends Error {
  readonly at: Date;
  readonly [brand] = true;

  /** @throws RangeError when `at` is no valid date. */
  constructor(at: Date, options: { readonly cause?: unknown } = {}) {
    if (Number.isNaN(at.getTime())) throw new RangeError('RetryAt needs a valid date.');
    super(`Retry at ${at.toISOString()}`, options);
    this.name = 'RetryAt';
    this.at = at;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}
