import { MalformedMessage } from './malformed-message.ts';

/** Far more than a full batch of scheduled messages has. */
const mostValues = 100_000;
const deepest = 64;

/** Bytes of a value by the upper half of its type code; undefined where the value itself says it. */
const fixedWidths: Readonly<Record<number, number | undefined>> = {
  0x4: 0,
  0x5: 1,
  0x6: 2,
  0x7: 4,
  0x8: 8,
  0x9: 16,
};

/**
 * Walks over encoded values without reading them. rhea believes what an encoding says of itself: an array of four billion
 * nulls has twelve bytes, and would fill the memory.
 *
 * @returns where the values end, which is `end` unless `count` is given
 * @throws MalformedMessage when they say what cannot be
 */
export function checkEncoding(bytes: Buffer, start: number, end: number, count = Infinity): number {
  const walk = new Walk(bytes, end);
  let at = start;
  for (let values = 0; values < count && at < end; values++) at = walk.value(at, 0);
  return at;
}

class Walk {
  readonly #bytes: Buffer;
  readonly #end: number;
  #values = 0;

  constructor(bytes: Buffer, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  value(at: number, depth: number): number {
    const { code, next } = this.#constructorAt(at, depth);
    return this.#body(code, next, depth);
  }

  #constructorAt(at: number, depth: number): { code: number; next: number } {
    this.#count(1);
    if (depth > deepest)
      throw new MalformedMessage(`its values are nested too deeply at byte ${at}`);
    const code = this.#unsigned(at, 1);
    if (code !== 0) return { code, next: at + 1 };
    return this.#constructorAt(this.value(at + 1, depth + 1), depth + 1);
  }

  #body(code: number, at: number, depth: number): number {
    const width = fixedWidths[code >>> 4];
    if (width !== undefined) return this.#inside(at + width);
    const sizeWidth = (code >>> 4) % 2 === 0 ? 1 : 4;
    const size = this.#unsigned(at, sizeWidth);
    switch (code >>> 4) {
      case 0xa:
      case 0xb:
        return this.#inside(at + sizeWidth + size);
      case 0xc:
      case 0xd:
        return this.#compound(at + sizeWidth, sizeWidth, depth);
      case 0xe:
      case 0xf:
        return this.#array(at + sizeWidth, sizeWidth, depth);
      default:
        throw new MalformedMessage(`there is no type 0x${code.toString(16)}`);
    }
  }

  #compound(start: number, width: number, depth: number): number {
    const count = this.#unsigned(start, width);
    let at = start + width;
    for (let item = 0; item < count; item++) at = this.value(at, depth + 1);
    return at;
  }

  #array(start: number, width: number, depth: number): number {
    const count = this.#unsigned(start, width);
    this.#count(count);
    const { code, next } = this.#constructorAt(start + width, depth + 1);
    let at = next;
    for (let item = 0; item < count; item++) at = this.#body(code, at, depth + 1);
    return at;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > mostValues) {
      throw new MalformedMessage(`it has more than ${mostValues} values`);
    }
  }

  #unsigned(at: number, width: number): number {
    this.#inside(at + width);
    return this.#bytes.readUIntBE(at, width);
  }

  #inside(at: number): number {
    if (at > this.#end) throw new MalformedMessage('it ends too early');
    return at;
  }
}
