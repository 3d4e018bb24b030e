import { expect } from 'vitest';
import { CrashMatrix, type MatrixOptions, type MatrixReport } from './crash-matrix.ts';
import { type OwnPlace } from './open-place.ts';

/** Runs a matrix in a place, and checks that it was killed at every step and that nothing came of it. */
export async function expectNoProblems(
  place: OwnPlace,
  options: MatrixOptions,
): Promise<MatrixReport> {
  await using matrix = new CrashMatrix(place, options);
  const report = await matrix.run();
  // eslint-disable-next-line no-console -- what a run is looked at for
  console.log(
    `${options.deed}: killed at ${report.killedAt.length} steps, ${report.committed} of them had committed`,
  );
  expect(report.problems).toEqual([]);
  expect(report.killedAt).toEqual(options.at ?? report.steps);
  return report;
}
