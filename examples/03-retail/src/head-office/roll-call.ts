/** Waits until every service has said that it runs: an event that is published before its subscribers exist is gone. */
export class RollCall {
  readonly #missing: Map<string, number>;
  readonly #complete = Promise.withResolvers<void>();
  readonly #onReport: OnReport;

  /** @param instances how many processes each service has */
  constructor(services: readonly string[], instances: number, onReport: OnReport) {
    this.#missing = new Map(services.map((service) => [service, instances]));
    this.#onReport = onReport;
  }

  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  get missing(): readonly string[] {
    return [...this.#missing.keys()];
  }

  report(service: string, pid: number, address?: string): void {
    const missing = this.#missing.get(service) ?? 0;
    if (missing > 1) this.#missing.set(service, missing - 1);
    else this.#missing.delete(service);
    this.#onReport(service, pid, address);
    if (this.#missing.size === 0) this.#complete.resolve();
  }
}

/** @param address where the page of the service is, if it has one */
type OnReport = (service: string, pid: number, address: string | undefined) => void;
