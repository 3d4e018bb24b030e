import type { Socket } from 'node:net';

/** `up` is from the client to the broker. */
export type Direction = 'up' | 'down';

/** What a pipe has to obey at the moment. */
export interface PipeFaults {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  holds(direction: Direction): boolean;
  /** How many of so many bytes may pass; after the last ones the connection is cut. */
  take(bytes: number, direction: Direction): { readonly bytes: number; readonly last: boolean };
}

interface Waiting {
  /** Nothing is the end. */
  readonly chunk: Buffer | undefined;
  readonly due: number;
}

// More than that is left to the operating system, so that the sender feels it.
const mostWaiting = 256;

/** One direction of a connection: passes on what comes, when its time has come. */
export class FaultyPipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #faults: PipeFaults;
  readonly #cut: () => void;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #busyUntil = 0;
  #over = false;

  constructor(from: Socket, to: Socket, direction: Direction, faults: PipeFaults, cut: () => void) {
    this.#from = from;
    this.#to = to;
    this.#direction = direction;
    this.#faults = faults;
    this.#cut = cut;
    from.on('data', (chunk: Buffer) => this.#push(chunk));
    from.on('end', () => this.#push(undefined));
    to.on('drain', () => this.flush());
    to.on('close', () => clearTimeout(this.#timer));
  }

  /** Passes on what is due; what was held can be, now. */
  flush(): void {
    if (this.#timer !== undefined) return;
    while (this.#waiting.length > 0 && !this.#faults.holds(this.#direction)) {
      if (this.#over || this.#to.destroyed) return;
      const next = this.#waiting[0]!;
      const wait = next.due - performance.now();
      if (wait > 1) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.flush();
        }, wait);
        break;
      }
      this.#waiting.shift();
      this.#pass(next.chunk);
    }
    if (this.#waiting.length < mostWaiting && !this.#to.writableNeedDrain) this.#from.resume();
  }

  #push(chunk: Buffer | undefined): void {
    const { latencyMs, jitterMs, bytesPerSecond } = this.#faults;
    let due = performance.now() + latencyMs + Math.random() * jitterMs;
    if (bytesPerSecond > 0 && chunk !== undefined) {
      due = Math.max(due, this.#busyUntil) + (chunk.length / bytesPerSecond) * 1_000;
      this.#busyUntil = due;
    }
    this.#waiting.push({ chunk, due: Math.max(due, this.#waiting.at(-1)?.due ?? 0) });
    if (this.#waiting.length >= mostWaiting || this.#to.writableNeedDrain) this.#from.pause();
    this.flush();
  }

  #pass(chunk: Buffer | undefined): void {
    if (chunk === undefined) {
      this.#to.end();
      return;
    }
    const { bytes, last } = this.#faults.take(chunk.length, this.#direction);
    this.#to.write(chunk.subarray(0, bytes), last ? (): void => this.#cutSoon() : undefined);
    this.#over = last;
  }

  // A reset throws away what still waits in this process, so the bytes are written first; and a client in this process that
  // finds both at once takes the reset for an end, so it gets a round of the event loop to read them.
  #cutSoon(): void {
    setImmediate(() => setImmediate(this.#cut));
  }
}
