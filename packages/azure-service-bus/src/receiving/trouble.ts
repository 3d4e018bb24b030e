import { type FailureKind, kindOf, textOf } from '../connection/service-failure.ts';
import type { IntakeOwner } from './intake.ts';

/** What goes wrong with receiving, until it works again. */
export class Trouble {
  readonly #owner: IntakeOwner;
  #problem: string | undefined;
  #told: FailureKind | undefined;

  constructor(owner: IntakeOwner) {
    this.#owner = owner;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  note(error: unknown): void {
    const kind = kindOf(error);
    this.#problem = textOf(error);
    if ((kind !== 'missing' && kind !== 'unauthorized') || this.#told === kind) return;
    this.#told = kind;
    this.#owner.refused(kind, error);
  }

  over(): void {
    this.#problem = undefined;
    this.#told = undefined;
  }
}
