import { build, root } from './build.ts';

export { root };

/** Builds the examples and what they need, as `npm run demo` does. */
export function buildExamples(): void {
  const complaints = build(['examples/01-hello', 'examples/03-retail']);
  if (complaints !== '') throw new Error(`The examples do not build:\n${complaints}`);
}
