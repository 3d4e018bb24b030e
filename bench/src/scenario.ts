import type { Ledger } from './ledger.ts';

/**
 * One piece of work, done by Busbar and by its twin. A scenario is one file in `scenarios`, exporting `scenario`; one
 * that is measured on several queues exports `scenarios`.
 */
export interface Scenario {
  readonly name: string;
  /** What one message of it is, in a few words. */
  readonly title: string;
  /** How many messages one measurement takes, unless the command line says otherwise. */
  readonly messages: number;
  /** Messages before those that count, as a multiple of them. @default 0.25 */
  readonly warmUp?: number;
  /** What the ratios compare. @default 'throughput' */
  readonly compares?: 'throughput' | 'latency';
  /** By name. Twins come first and are called so, such as `twin` and `twin+headers`; later ones are compared with each. */
  readonly subjects: Readonly<Record<string, Subject>>;
  /** What runs at the same time in a second process, for each subject. */
  readonly partners?: Readonly<Record<string, Subject>>;
  /** What Busbar is to reach; it is printed whether it did, and nothing fails over it. */
  readonly targets?: readonly Targets[];
  /** Why it cannot be measured here, such as a broker that is not there; undefined when it can. */
  readonly problem?: () => Promise<string | undefined>;
  /** Removes what a measurement leaves outside its directory, whatever became of it. */
  readonly cleanUp?: (setting: Setting) => Promise<void>;
}

/** Limits for the medians of Busbar's ratios to one twin. */
export interface Targets {
  readonly twin: string;
  readonly mostCpu?: number;
  readonly leastSpeed?: number;
  readonly mostP50DifferenceMs?: number;
}

/** Opens what is measured; the time for it is not counted. */
export type Subject = (setting: Setting) => Promise<Workload>;

/** What a subject finds when it is opened. */
export interface Setting {
  /** An empty directory on the disk of the working directory, shared with the partner. */
  readonly directory: string;
}

/** Something that can be run over and over: first to warm up, then to be measured. */
export interface Workload {
  /** Done before each run and not counted: filling a queue, say. */
  prepare?(ledger: Ledger): Promise<void>;
  /** Sends or handles the messages of the ledger, and ends when all of them are done. */
  run(ledger: Ledger): Promise<void>;
  /**
   * Done after each run and not counted: the ids that really arrived, each as often as it did, where a run that only
   * sends cannot know it.
   */
  arrived?(): Promise<Iterable<number>>;
  close(): Promise<void>;
}

/** What one run of one subject gave. */
export interface Measurement {
  readonly messages: number;
  readonly perSecond: number;
  /** Of all threads of all its processes, garbage collection included. */
  readonly cpuMicrosPerMessage: number;
  readonly cpuPercent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly peakMemoryMb: number;
  readonly lost: number;
  readonly duplicated: number;
}
