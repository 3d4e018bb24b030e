/** What can be broken. Each is there so often in a round. */
const deck = {
  'kill one': 5,
  'kill both': 1,
  'restart broker': 1,
  'restart postgres fast': 1,
  'restart postgres immediate': 1,
  'cut amqp': 3,
  'cut postgres': 3,
} as const;

export type FaultKind = keyof typeof deck;

/** One thing to break. Numbers from 0 to 1 choose among what there is. */
export interface Fault {
  readonly kind: FaultKind;
  /** How long all is left alone before it. */
  readonly afterMs: number;
  readonly pick: number;
  readonly how: number;
  /** How many bytes still pass before a cut. */
  readonly bytes: number;
}

/** Equal seeds give equal schedules. */
export function faultSchedule(seed: number, rounds: number): readonly Fault[] {
  const random = randomFrom(seed);
  const whole = Object.entries(deck).flatMap(([kind, times]) => {
    return Array.from({ length: times }, () => kind as FaultKind);
  });
  return Array.from({ length: rounds }, () => shuffled(whole, random)).flatMap((kinds) =>
    kinds.map((kind) => ({
      kind,
      afterMs: 100 + Math.floor(random() * 900),
      pick: random(),
      how: random(),
      bytes: Math.floor(random() * 5_000),
    })),
  );
}

/** The seed of this run: a new one, unless BUSBAR_SEED names that of an earlier run. */
export function seedOfRun(): number {
  const given = process.env['BUSBAR_SEED'];
  if (given === undefined) return Math.floor(Math.random() * 2 ** 32);
  const seed = Number(given);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed;
  throw new Error(`BUSBAR_SEED is "${given}"; it can be a whole number from 0 to ${2 ** 32 - 1}.`);
}

/** Mulberry32: small, and good enough to choose what is broken next. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
