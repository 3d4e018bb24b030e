import { expect, test } from 'vitest';
import { build } from '../support/build.ts';

// What must not compile is written under `@ts-expect-error`; only the compiler finds out when it does.
test('should compile what the type tests say, and nothing that they forbid', () => {
  expect(build(['tsconfig.test.json'])).toBe('');
}, 120_000);
