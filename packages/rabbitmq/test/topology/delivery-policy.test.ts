import { describe, expect, test } from 'vitest';
import { serverVersion } from '../../src/connection/server-version.ts';
import {
  type QueueDetails,
  deliveryLimitOf,
  policyCommand,
  policyStep,
} from '../../src/topology/delivery-policy.ts';
import { wornAt } from '../../src/topology/stored-messages.ts';

const three = serverVersion({ product: 'RabbitMQ', version: '3.10.8' });
const four = serverVersion({ product: 'RabbitMQ', version: '4.0.5' });

function queue(more: Partial<QueueDetails> = {}): QueueDetails {
  return { type: 'quorum', arguments: {}, ...more };
}

describe('the delivery policy', () => {
  test('should be set where there is none', () => {
    expect(policyStep('sales', queue(), three)).toEqual({ step: 'set' });
  });

  test('should be left alone where it is ours, and mended where it is an old one', () => {
    const definition = {
      'delivery-limit': 100_000,
      'dead-letter-exchange': 'busbar.undeliverable',
      'dead-letter-strategy': 'at-least-once',
      overflow: 'reject-publish',
    };
    const ours = queue({ policy: 'busbar.sales', definition });
    expect(policyStep('sales', ours, four)).toEqual({ step: 'nothing' });
    const old = { ...ours, definition: { ...definition, 'delivery-limit': 50 } };
    expect(policyStep('sales', old, four)).toEqual({ step: 'set' });
  });

  test("should never replace an operator's", () => {
    const withLimit = (limit: number | undefined, version: typeof three): unknown => {
      const definition = limit === undefined ? {} : { 'delivery-limit': limit };
      const details = queue({ policy: 'ha', definition });
      return policyStep('sales', details, version);
    };
    expect(withLimit(100_000, four)).toEqual({ step: 'nothing' });
    expect(withLimit(-1, four)).toEqual({ step: 'nothing' });
    expect(withLimit(undefined, three)).toEqual({ step: 'nothing' });
    expect(withLimit(undefined, four)).toEqual({ step: 'warn', limit: 20 });
    expect(withLimit(5, three)).toEqual({ step: 'warn', limit: 5 });
    const operatorDefinition = { 'delivery-limit': 6 };
    const limited = queue({ policy: 'ha', definition: {}, operatorDefinition });
    expect(policyStep('sales', limited, three)).toEqual({ step: 'warn', limit: 6 });
  });

  test('should not concern classic queues', () => {
    expect(policyStep('sales', queue({ type: 'classic' }), four)).toEqual({ step: 'nothing' });
  });

  test('should be printed as a command for a shell', () => {
    expect(policyCommand('/', 'sales.eu')).toBe(
      String.raw`rabbitmqctl set_policy --vhost '/' --priority -1 --apply-to queues 'busbar.sales.eu' '^sales\.eu$' '{"delivery-limit":100000,"dead-letter-exchange":"busbar.undeliverable","dead-letter-strategy":"at-least-once","overflow":"reject-publish"}'`,
    );
    expect(policyCommand("o'clock", 'Größe')).toContain(String.raw`'o'\''clock'`);
    expect(policyCommand('/', 'Größe')).toContain("'^Größe$'");
  });

  test('should know the smaller of two limits', () => {
    const limits = (one: unknown, other: unknown, version = four): number =>
      deliveryLimitOf(
        { arguments: { 'x-delivery-limit': one }, definition: { 'delivery-limit': other } },
        version,
      );
    expect(limits(5, 7)).toBe(5);
    expect(limits(undefined, 7)).toBe(7);
    expect(limits(-1, undefined)).toBe(Infinity);
    expect(limits(-1, undefined, three)).toBe(-1);
    expect(deliveryLimitOf({}, four)).toBe(20);
    expect(deliveryLimitOf({}, three)).toBe(Infinity);
  });

  test('should keep looks at messages well below the limit', () => {
    expect([undefined, -1, 0, 1, 5, 20, 100_000, Infinity].map(wornAt)).toEqual([
      10, 0, 0, 1, 2, 10, 1_000, 1_000,
    ]);
  });
});
