import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ForTests } from './for-tests.ts';

const reason = 'No RabbitMQ for the tests: start one.\n  env: not set';

const context = {
  skip: (note?: string | boolean): never => {
    throw new Error(`skipped: ${note}`);
  },
};

beforeEach(() => {
  vi.stubEnv('BUSBAR_REQUIRE_BROKERS', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('should give what was found', () => {
  expect(new ForTests({ value: 42 }).orSkip(context)).toBe(42);
});

test('should skip the test with what to do', () => {
  const missing = new ForTests<number>({ reason });
  expect(() => missing.orSkip(context)).toThrow('skipped: No RabbitMQ for the tests: start one.');
});

test('should fail with all that was tried where brokers are required', () => {
  vi.stubEnv('BUSBAR_REQUIRE_BROKERS', '1');
  const missing = new ForTests<number>({ reason });
  expect(() => missing.orSkip(context)).toThrow(/^No RabbitMQ.*\n {2}env: not set\nBUSBAR_REQUIRE/);
});

const registered: number[] = [];
new ForTests({ value: 42 }).register('a number', (value) => void registered.push(value));

test('should register what needs it', () => {
  expect(registered).toEqual([42]);
});
