import { type TestContext, test } from 'vitest';

/**
 * Something outside that tests need and that may be missing on a machine, with the reason in its place: in its first line
 * what to do, below that what was tried.
 */
export type Found<T> = { readonly value: T } | { readonly reason: string };

/** Where it is missing, tests are skipped with the reason; with `BUSBAR_REQUIRE_BROKERS=1` they fail. */
export class ForTests<T> {
  readonly #found: Found<T>;

  constructor(found: Found<T>) {
    this.#found = found;
  }

  /** Inside of a test. */
  orSkip(context: Pick<TestContext, 'skip'>): T {
    if ('value' in this.#found) return this.#found.value;
    const { reason } = this.#found;
    if (process.env['BUSBAR_REQUIRE_BROKERS'] === '1') {
      throw new Error(`${reason}\nBUSBAR_REQUIRE_BROKERS=1 forbids to skip this.`);
    }
    return context.skip(reason.split('\n', 1)[0]);
  }

  /** Registers tests that need it, or one in their place that says why there are none. */
  register(name: string, tests: (value: T) => void): void {
    if ('value' in this.#found) tests(this.#found.value);
    else test(`${name} (all of its tests)`, (context) => void this.orSkip(context));
  }
}
