/** Waits until every service has said that it runs: an event that is published before its subscribers exist is gone. */
export class RollCall {
  readonly #missing: Set<string>;
  readonly #complete = Promise.withResolvers<void>();
  readonly #onReport: (service: string, pid: number) => void;

  constructor(services: readonly string[], onReport: (service: string, pid: number) => void) {
    this.#missing = new Set(services);
    this.#onReport = onReport;
  }

  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  get missing(): readonly string[] {
    return [...this.#missing];
  }

  report(service: string, pid: number): void {
    this.#missing.delete(service);
    this.#onReport(service, pid);
    if (this.#missing.size === 0) this.#complete.resolve();
  }
}
