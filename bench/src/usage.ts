/** What a process has used so far. */
export interface Usage {
  readonly atMs: number;
  readonly cpuMicros: number;
  readonly peakMemoryMb: number;
}

export function usageOf(own: NodeJS.Process): Usage {
  const { user, system } = own.cpuUsage();
  return {
    atMs: performance.now(),
    cpuMicros: user + system,
    peakMemoryMb: own.resourceUsage().maxRSS / 1_024,
  };
}
