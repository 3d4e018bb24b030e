import { shared } from '../message/package-copies.ts';

/** A suspect that wants the process for itself, or has it. */
export interface AloneClaim {
  granted: boolean;
  readonly grant: () => void;
}

/** What all pumps of the process have in common. Its shape belongs to its name; see `shared`. */
interface ProcessState {
  running: number;
  readonly claims: AloneClaim[];
  readonly members: Set<() => void>;
}

const state = shared<ProcessState>('busbar.alone-gate', () => ({
  running: 0,
  claims: [],
  members: new Set(),
}));

/**
 * Lets one message be alone in the process, over all pumps of all copies of the package: a crash that it survives or
 * not must tell about nobody else. From a claim on nothing begins anywhere; when all that runs has ended, the first
 * claim is granted, and the next one after it was withdrawn.
 */
export class AloneGate {
  readonly #opened: () => void;

  /** @param opened Called whenever there are no claims any more, while it is a member. */
  constructor(opened: () => void) {
    this.#opened = opened;
  }

  /** Somebody is alone, or waits for it: begin nothing. */
  get closed(): boolean {
    return state.claims.length > 0;
  }

  join(): void {
    state.members.add(this.#opened);
  }

  leave(): void {
    state.members.delete(this.#opened);
  }

  /** An attempt begins that is not alone. */
  began(): void {
    state.running += 1;
  }

  ended(): void {
    state.running -= 1;
    if (state.claims.length > 0) grantFirst();
  }

  /** `grant` is called once nothing runs any more, which may be at once. */
  claim(grant: () => void): AloneClaim {
    const claim = { granted: false, grant };
    state.claims.push(claim);
    grantFirst();
    return claim;
  }

  /** Gives a claim up, granted or not. */
  withdraw(claim: AloneClaim): void {
    const index = state.claims.indexOf(claim);
    if (index === -1) return;
    state.claims.splice(index, 1);
    if (state.claims.length > 0) grantFirst();
    else for (const opened of state.members) opened();
  }
}

function grantFirst(): void {
  const [first] = state.claims;
  if (first === undefined || first.granted || state.running > 0) return;
  first.granted = true;
  first.grant();
}
