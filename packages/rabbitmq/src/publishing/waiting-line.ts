import type { Slot } from './slot.ts';

/** Slots that wait to be written, the oldest first. */
export class WaitingLine {
  #slots: Slot[] = [];
  #first = 0;
  #bytes = 0;

  get length(): number {
    return this.#slots.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Slot | undefined {
    return this.#slots[this.#first];
  }

  append(slot: Slot): void {
    this.#slots.push(slot);
    this.#bytes += slot.bytes;
  }

  /** Puts slots, the oldest first, before all others. */
  prepend(slots: readonly Slot[]): void {
    this.#slots = [...slots, ...this.#slots.slice(this.#first)];
    this.#first = 0;
    for (const slot of slots) this.#bytes += slot.bytes;
  }

  shift(): Slot | undefined {
    const slot = this.#slots[this.#first];
    if (slot === undefined) return undefined;
    this.#first += 1;
    this.#bytes -= slot.bytes;
    if (this.#first > 1_024 && 2 * this.#first > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#first);
      this.#first = 0;
    }
    return slot;
  }

  /** All of them, the oldest first. */
  takeAll(): Slot[] {
    const slots = this.#slots.slice(this.#first);
    this.#slots = [];
    this.#first = 0;
    this.#bytes = 0;
    return slots;
  }
}
