import {
  type FSWatcher,
  constants,
  closeSync,
  openSync,
  statSync,
  watch,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';

const anything = new Uint8Array([33]);

/**
 * A file that is written after a commit and watched by receivers of other processes, so that they need not wait for
 * their next look. It carries nothing, and may be lost or removed at any time: that costs one interval of looking.
 */
export class Hint {
  readonly #path: string;
  readonly #onHint: () => void;
  #descriptor: number | undefined;
  #inode: number | undefined;
  #watcher: FSWatcher | undefined;
  #watched: number | undefined;

  constructor(path: string, onHint: () => void) {
    this.#path = path;
    this.#onHint = onHint;
  }

  /** False where the system does not let us watch, for want of watches perhaps. */
  get watching(): boolean {
    return this.#watcher !== undefined;
  }

  give(): void {
    try {
      const inode = this.#inodeOfPath();
      if (this.#descriptor === undefined || inode !== this.#inode) this.#open();
      writeSync(this.#descriptor as number, anything, 0, 1, 0);
    } catch {
      this.#closeDescriptor();
    }
  }

  /** Begins to watch, or begins again when the file was removed. */
  watch(): void {
    try {
      const inode = this.#inodeOfPath();
      if (this.#watcher !== undefined && inode !== undefined && inode === this.#watched) return;
      this.unwatch();
      if (inode === undefined) this.#open();
      this.#watcher = watch(this.#path, { persistent: false }, this.#onHint);
      this.#watcher.on('error', () => this.unwatch());
      this.#watched = this.#inodeOfPath();
    } catch {
      this.unwatch();
    }
  }

  unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  close(): void {
    this.unwatch();
    this.#closeDescriptor();
  }

  #inodeOfPath(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }

  #open(): void {
    this.#closeDescriptor();
    makeFolder(dirname(this.#path));
    // Always the same byte in the same place: appending would let the file grow for ever.
    this.#descriptor = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT);
    this.#inode = this.#inodeOfPath();
  }

  #closeDescriptor(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
