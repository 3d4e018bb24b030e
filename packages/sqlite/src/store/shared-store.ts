import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, type Logger, type Timer, asError } from '@busbar/core';
import type { SqliteSettings } from '../sqlite-options.ts';
import { ChangeWatch } from './change-watch.ts';
import { HolderLock, holderState } from './holder-lock.ts';
import { Housekeeping } from './housekeeping.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { MessageTable } from './message-table.ts';
import { largestHolderId, leaseOf } from './lease-number.ts';
import { storeError } from './store-errors.ts';
import type { StoreFile } from './store-file.ts';
import { TopologyTable } from './topology.ts';
import { Trouble } from './trouble.ts';
import { type Transaction, Writer, type WriterHost } from './writer.ts';

/** Nobody needs it; should a message be overlooked all the same, then not for longer than this. */
const msBetweenLooks = 2_000;

/** A receiver, as the store sees it. */
export interface Claimant {
  readonly queueId: number;
  /** How many messages it would take, `freed` of which it has just settled. */
  room(freed: number): number;
  /** Whether there may be something for it. */
  mayClaim: boolean;
  /** Claims inside of a transaction. */
  claim(transaction: Transaction, room: number): void;
  /** What was claimed is ours; `freed` as above. */
  claimed(freed: number): void;
  undone(): void;
  /** Called now and then, to find out whether the queue is still the one that it was. */
  checkQueue(): void;
}

/**
 * All that one process does with one file, however many endpoints it has: they share the transactions, the looking for
 * changes and the holder's lock.
 */
export class SharedStore implements WriterHost {
  readonly file: StoreFile;
  readonly settings: SqliteSettings;
  readonly clock: Clock;
  readonly holderId: number;
  readonly messages: MessageTable;
  readonly topology: TopologyTable;
  readonly leases: LeaseKeeper;
  readonly writer: Writer;
  readonly housekeeping: Housekeeping;
  readonly trouble: Trouble;
  readonly #logger: Logger;
  readonly #lock: HolderLock;
  readonly #watch: ChangeWatch;
  readonly #claimants = new Set<Claimant>();
  #claiming: Claimant[] = [];
  #leaseNumber = 0;
  #dueTimer: Timer | undefined;
  #dueAt = Infinity;
  #nextLook = 0;

  constructor(file: StoreFile, settings: SqliteSettings, clock: Clock, logger: Logger) {
    this.file = file;
    this.settings = settings;
    this.clock = clock;
    this.#logger = logger;
    this.holderId = randomInt(1, largestHolderId);
    const liveDirectory = `${file.path}-live`;
    this.messages = new MessageTable(
      file,
      (holderId) => holderId !== this.holderId && holderState(liveDirectory, holderId) === 'dead',
    );
    this.topology = new TopologyTable(file, this.holderId);
    this.writer = new Writer(file, clock, settings.busyTimeoutMs, this);
    this.trouble = new Trouble(clock, logger, file.path, () => this.#probe());
    this.leases = new LeaseKeeper(clock, logger, settings.leaseMs, this.messages, this.writer);
    this.#lock = new HolderLock(liveDirectory, this.holderId);
    this.housekeeping = new Housekeeping(this, liveDirectory, logger);
    this.#watch = new ChangeWatch(file, `${liveDirectory}/hint`, clock, logger, settings.pollMs, {
      changed: () => this.#lookAgain(),
      tick: () => this.#tick(),
      failed: (error) => this.failed(storeError(file.path, error)),
    });
  }

  /** Makes the process known to the others, and takes back what dead ones have left. */
  async register(endpoint: string): Promise<void> {
    await this.writer.submit(({ now }) => {
      this.file
        .prepare('INSERT OR REPLACE INTO busbar_holders VALUES (?, ?, ?, ?, ?)')
        .run(this.holderId, process.pid, hostname(), endpoint, now);
    }, false);
    this.housekeeping.lookForTheDead();
    this.housekeeping.removeOrphans();
  }

  /** Whether something in the queue waits for a receiver. */
  hasMessages(queue: string): boolean {
    const entry = this.topology.find(queue);
    try {
      return entry !== undefined && this.messages.ready(entry.id, this.clock.now());
    } catch {
      // Whatever is wrong with the file is told by the next transaction.
      return false;
    }
  }

  attach(claimant: Claimant): void {
    this.#claimants.add(claimant);
    this.#watch.start();
    this.writer.poke();
  }

  detach(claimant: Claimant): void {
    this.#claimants.delete(claimant);
    if (this.#claimants.size === 0) this.#watch.stop();
  }

  nextLease(): number {
    this.#leaseNumber += 1;
    return leaseOf(this.holderId, this.#leaseNumber);
  }

  /** Looks again when something that waits becomes visible. */
  wakeAt(visibleAt: number): void {
    if (visibleAt >= this.#dueAt) return;
    this.#dueTimer?.cancel();
    this.#dueAt = visibleAt;
    this.#dueTimer = this.clock.setTimer(
      () => {
        this.#dueAt = Infinity;
        this.#lookAgain();
      },
      Math.max(1, visibleAt - this.clock.now()),
    );
  }

  wantsTransaction(): boolean {
    if (this.trouble.pausing) return false;
    let wanted = false;
    const now = this.clock.now();
    for (const claimant of this.#claimants) {
      if (!claimant.mayClaim || claimant.room(0) <= 0) continue;
      if (this.messages.ready(claimant.queueId, now)) wanted = true;
      else this.#sleep(claimant, now);
    }
    return wanted;
  }

  began(transaction: Transaction, alone: boolean): void {
    this.topology.refresh();
    // What is settled must not fail because something else cannot be renewed.
    if (!alone) this.leases.renewIfDue(transaction);
  }

  ending(transaction: Transaction): void {
    if (this.trouble.pausing) return;
    for (const claimant of this.#claimants) {
      if (transaction.touched.has(claimant.queueId)) claimant.mayClaim = true;
      if (!claimant.mayClaim) continue;
      const room = claimant.room(transaction.freed.get(claimant) ?? 0);
      if (room <= 0) continue;
      claimant.claim(transaction, room);
      this.#claiming.push(claimant);
      if (!claimant.mayClaim) this.#sleep(claimant, transaction.now);
    }
  }

  committed({ touched, freed }: Transaction, alone: boolean): void {
    if (this.trouble.end()) this.#lookAgain();
    this.leases.committed();
    if (alone && touched.size > 0) this.#lookAgain();
    if (touched.size > 0 && this.topology.receivedElsewhere(touched)) this.#watch.tell();
    for (const claimant of this.#claiming.splice(0)) claimant.claimed(freed.get(claimant) ?? 0);
  }

  undone(): void {
    this.topology.forget();
    this.leases.undone();
    for (const claimant of this.#claiming.splice(0)) claimant.undone();
    for (const claimant of this.#claimants) claimant.mayClaim = true;
  }

  failed(error: Error): void {
    this.trouble.begin(error);
  }

  close(): void {
    this.#watch.close();
    this.#dueTimer?.cancel();
    this.trouble.close();
    this.writer.close();
    this.leases.close();
    this.housekeeping.signOff();
    this.#lock.release();
    this.file.close();
  }

  #sleep(claimant: Claimant, now: number): void {
    claimant.mayClaim = false;
    this.wakeAt(this.messages.nextVisibleAt(claimant.queueId, now));
  }

  #lookAgain(): void {
    for (const claimant of this.#claimants) claimant.mayClaim = true;
    this.writer.poke();
  }

  #tick(): void {
    const now = this.clock.monotonic();
    if (now >= this.#nextLook) {
      this.#nextLook = now + msBetweenLooks;
      this.#lookAgain();
    }
    try {
      this.#lock.renew();
    } catch (error) {
      // Then the others know nothing of this process, and go by the leases alone.
      this.#logger.debug({ err: asError(error) }, 'The lock of this process could not be renewed');
    }
    this.housekeeping.tick();
    this.topology.refresh();
    for (const claimant of this.#claimants) claimant.checkQueue();
  }

  /** Writes a little, to find out whether the trouble is over. */
  #probe(): void {
    const rewrite = this.writer.submit(() => {
      this.file
        .prepare('UPDATE busbar_holders SET opened_at = opened_at WHERE id = ?')
        .run(this.holderId);
    }, false);
    // Told by `failed` already, after which it is tried again.
    rewrite.catch(() => undefined);
  }
}
