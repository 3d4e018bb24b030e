/** How much the scenarios do. Smaller numbers test less; the defaults suit a run on every change. */
export interface ConformanceSizes {
  /** Messages that pass while the heap is watched. @default 10_000 */
  readonly leak: number;
  /** Messages of the scenarios under load. @default 300 */
  readonly load: number;
  /** Messages beside the one that kills its process. @default 64 */
  readonly innocents: number;
  /** The short delay, in milliseconds; raise it where the resolution is coarse. @default 120 */
  readonly shortDelayMs: number;
}

export const defaultSizes: ConformanceSizes = {
  leak: 10_000,
  load: 300,
  innocents: 64,
  shortDelayMs: 120,
};
