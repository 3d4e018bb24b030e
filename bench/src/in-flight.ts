/** Keeps what is sent and not yet handled below a limit, so that a run measures a stream and not a heap. */
export class InFlight {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Undefined when there is room at once: nobody should wait a turn for nothing. */
  enter(): Promise<void> | undefined {
    if (this.#count < this.#limit) {
      this.#count += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#count -= 1;
    else next();
  }
}

/** Calls `send` with the ids from `first` on, at most `atOnce` of them at a time. */
export async function eachId(
  { first, size }: { readonly first: number; readonly size: number },
  atOnce: number,
  send: (id: number) => Promise<void>,
): Promise<void> {
  let next = first;
  const end = first + size;
  const sender = async (): Promise<void> => {
    while (next < end) {
      const id = next;
      next += 1;
      await send(id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
}
