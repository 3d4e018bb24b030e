import type { Slot } from './slot.ts';

/**
 * Slots that were written and are not confirmed, the oldest first. A list through the slots themselves: each message comes
 * and goes, and a `Set` would leave a chain of old tables behind for the collector.
 */
export class Outstanding {
  #first: Slot | undefined;
  #last: Slot | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(slot: Slot): void {
    if (slot.isOutstanding) return;
    slot.isOutstanding = true;
    slot.before = this.#last;
    if (this.#last === undefined) this.#first = slot;
    else this.#last.after = slot;
    this.#last = slot;
    this.#size += 1;
  }

  /** Returns whether it was there. */
  delete(slot: Slot): boolean {
    if (!slot.isOutstanding) return false;
    const { before, after } = slot;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    slot.isOutstanding = false;
    // One that has grown old must not keep those that came later.
    slot.before = undefined;
    slot.after = undefined;
    this.#size -= 1;
    return true;
  }

  /** The oldest for which `matches` is true. */
  find(matches: (slot: Slot) => boolean): Slot | undefined {
    for (let slot = this.#first; slot !== undefined; slot = slot.after) {
      if (matches(slot)) return slot;
    }
    return undefined;
  }

  /** Those of this moment. */
  all(): Slot[] {
    const slots: Slot[] = [];
    for (let slot = this.#first; slot !== undefined; slot = slot.after) slots.push(slot);
    return slots;
  }

  /** Takes all out. */
  takeAll(): Slot[] {
    const slots = this.all();
    for (const slot of slots) this.delete(slot);
    return slots;
  }
}
