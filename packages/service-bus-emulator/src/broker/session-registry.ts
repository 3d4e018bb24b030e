import type { BrokerClock, Timer } from '../clock/broker-clock.ts';
import { BrokerFault, sessionLockLost } from './broker-fault.ts';

export interface SessionLock {
  readonly id: string;
  until: number;
  /** Whether it still holds; false once it expired or was given back. */
  held: boolean;
}

interface Session {
  state: Buffer | null;
  lock: SessionLock | undefined;
  timer: Timer | undefined;
  onLost: (() => void) | undefined;
}

/** The sessions of a mailbox: who holds which, and the state that an application keeps in it. */
export class SessionRegistry {
  readonly #clock: BrokerClock;
  readonly #lockDuration: () => number;
  readonly #onFree: (id: string, expired: boolean) => void;
  readonly #sessions = new Map<string, Session>();

  constructor(
    clock: BrokerClock,
    lockDuration: () => number,
    onFree: (id: string, expired: boolean) => void,
  ) {
    this.#clock = clock;
    this.#lockDuration = lockDuration;
    this.#onFree = onFree;
  }

  isLocked(id: string): boolean {
    return this.#sessions.get(id)?.lock !== undefined;
  }

  lockedUntil(id: string): number | undefined {
    return this.#sessions.get(id)?.lock?.until;
  }

  /** @throws BrokerFault when another receiver holds it */
  lock(id: string, onLost: () => void): SessionLock {
    const session = this.#get(id);
    if (session.lock !== undefined) {
      throw new BrokerFault(
        'com.microsoft:session-cannot-be-locked',
        409,
        `The requested session '${id}' cannot be accepted. It may be locked by another receiver.`,
      );
    }
    const lock: SessionLock = { id, until: 0, held: true };
    session.lock = lock;
    session.onLost = onLost;
    this.#extend(session, lock);
    return lock;
  }

  renew(id: string): number {
    const session = this.#sessions.get(id);
    if (session?.lock === undefined) throw sessionLockLost(id);
    this.#extend(session, session.lock);
    return session.lock.until;
  }

  release(lock: SessionLock): void {
    this.#free(lock, false);
  }

  expire(id: string): void {
    const lock = this.#sessions.get(id)?.lock;
    if (lock !== undefined) this.#free(lock, true);
  }

  withState(): string[] {
    return [...this.#sessions].filter(([, { state }]) => state !== null).map(([id]) => id);
  }

  locked(): string[] {
    return [...this.#sessions].filter(([, { lock }]) => lock !== undefined).map(([id]) => id);
  }

  state(id: string): Buffer | null {
    return this.#sessions.get(id)?.state ?? null;
  }

  /** Only who holds the session may change its state. Returns by how many bytes it grew. */
  setState(id: string, state: Buffer | null): number {
    const session = this.#sessions.get(id);
    if (session?.lock === undefined) throw sessionLockLost(id);
    const grown = (state?.length ?? 0) - (session.state?.length ?? 0);
    session.state = state;
    return grown;
  }

  #get(id: string): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = {
        state: null,
        lock: undefined,
        timer: undefined,
        onLost: undefined,
      };
      this.#sessions.set(id, session);
    }
    return session;
  }

  #extend(session: Session, lock: SessionLock): void {
    session.timer?.cancel();
    lock.until = this.#clock.now() + this.#lockDuration();
    session.timer = this.#clock.at(lock.until, () => {
      this.#free(lock, true);
    });
  }

  #free(lock: SessionLock, expired: boolean): void {
    const session = this.#sessions.get(lock.id);
    if (session?.lock !== lock) return;
    lock.held = false;
    session.timer?.cancel();
    session.lock = undefined;
    const { onLost } = session;
    session.onLost = undefined;
    // A session without messages and state is nothing.
    if (session.state === null) this.#sessions.delete(lock.id);
    if (expired) onLost?.();
    this.#onFree(lock.id, expired);
  }
}
