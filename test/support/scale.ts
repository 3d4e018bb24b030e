/** A scenario's size by how much time there is: `short` in every run, `full` when BUSBAR_SCALE=full. */
interface Scale {
  readonly short: number;
  readonly full: number;
}

/** Every scaled scenario. A short size below a twentieth of the full one would no longer test the same thing. */
export const scales = {
  'bad-input': { short: 10_000, full: 10_000 },
  'bad-input-sqs': { short: 1_000, full: 10_000 },
  'conformance-leak': { short: 10_000, full: 200_000 },
  'exactly-once-orders': { short: 1_000, full: 20_000 },
  'exactly-once-saga-starts': { short: 500, full: 10_000 },
  'postgres-outage-seconds': { short: 5, full: 65 },
  'postgres-saga-starts': { short: 500, full: 10_000 },
  'rabbitmq-kills': { short: 3_000, full: 60_000 },
  'rabbitmq-process-kills': { short: 3_000, full: 60_000 },
  'rabbitmq-restarts': { short: 10_000, full: 100_000 },
} as const satisfies Record<string, Scale>;

export type ScaledScenario = keyof typeof scales;

export function scaled(scenario: ScaledScenario): number {
  const size = process.env['BUSBAR_SCALE'] ?? 'short';
  if (size !== 'short' && size !== 'full') {
    throw new Error(`BUSBAR_SCALE is "${size}"; it can be "short" (the default) or "full".`);
  }
  return scales[scenario][size];
}
