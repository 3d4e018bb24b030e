import { BrokerFault, quotaExceeded } from './broker-fault.ts';

/** Counts the bytes of one entity, and those of the whole emulator, of which it is a part. */
export class MemoryBudget {
  readonly #name: string;
  readonly #limit: () => number;
  readonly #parent: MemoryBudget | undefined;
  #used = 0;

  constructor(name: string, limit: () => number, parent?: MemoryBudget) {
    this.#name = name;
    this.#limit = limit;
    this.#parent = parent;
  }

  get used(): number {
    return this.#used;
  }

  /** @throws BrokerFault when the entity, or the emulator, is full */
  check(bytes: number): void {
    if (this.#used + bytes > this.#limit()) {
      if (this.#parent !== undefined) throw quotaExceeded(this.#name, this.#limit());
      throw new BrokerFault(
        'amqp:resource-limit-exceeded',
        403,
        `The emulator holds ${this.#used} bytes and may hold ${this.#limit()}: receive messages, or raise its option maxMemoryInMegabytes.`,
      );
    }
    this.#parent?.check(bytes);
  }

  add(bytes: number): void {
    this.#used += bytes;
    this.#parent?.add(bytes);
  }
}
