import type { Clock, Logger, Timer } from '@busbar/core';
import { Hint } from './hint.ts';
import type { StoreFile } from './store-file.ts';

/** Without a watched file the looking has to be quick; a look costs some microseconds. */
const unwatchedPollMs = 20;

/** What a {@link ChangeWatch} calls. */
export interface ChangeListener {
  /** Another process has committed something. */
  changed(): void;
  /** Called at each look, for what has to be done now and then. */
  tick(): void;
  failed(error: unknown): void;
}

/** Finds out when another process has changed the file: by its hint, and by looking now and then. */
export class ChangeWatch {
  readonly #file: StoreFile;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pollMs: number;
  readonly #listener: ChangeListener;
  readonly #hint: Hint;
  #version = -1;
  #timer: Timer | undefined;
  #warned = false;

  constructor(
    file: StoreFile,
    hintPath: string,
    clock: Clock,
    logger: Logger,
    pollMs: number,
    listener: ChangeListener,
  ) {
    this.#file = file;
    this.#clock = clock;
    this.#logger = logger;
    this.#pollMs = pollMs;
    this.#listener = listener;
    this.#hint = new Hint(hintPath, this.#look);
  }

  /** Tells the other processes. */
  tell(): void {
    this.#hint.give();
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#hint.watch();
    this.#look();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hint.unwatch();
  }

  close(): void {
    this.stop();
    this.#hint.close();
  }

  #arm(): void {
    const { watching } = this.#hint;
    if (!watching && !this.#warned) {
      this.#warned = true;
      this.#logger.warn(
        { file: this.#file.path, pollMs: unwatchedPollMs },
        'The hint file cannot be watched (is a limit of the system on watches reached?); looking for messages more often instead',
      );
    }
    const delayMs = watching ? this.#pollMs : Math.min(this.#pollMs, unwatchedPollMs);
    // As a connection to a broker would, a started receiver keeps the process alive.
    this.#timer = this.#clock.setTimer(this.#tick, delayMs, true);
  }

  readonly #tick = (): void => {
    this.#look();
    try {
      this.#file.checkIdentity();
      this.#listener.tick();
    } catch (error) {
      this.#listener.failed(error);
    }
    if (this.#timer === undefined) return;
    this.#hint.watch();
    this.#arm();
  };

  readonly #look = (): void => {
    try {
      const version = this.#file.dataVersion;
      if (version === this.#version) return;
      this.#version = version;
      this.#listener.changed();
    } catch (error) {
      this.#listener.failed(error);
    }
  };
}
