import { describe, expect, test } from 'vitest';
import { noCounts } from '../../src/endpoint/connected-endpoint.ts';
import { type HealthFacts, judgeHealth } from '../../src/endpoint/endpoint-health.ts';

const receiver = { queue: 'sales', receiving: true, inFlight: 0, settled: 7, msSinceProgress: 5 };

const facts = (changes: Partial<HealthFacts>): HealthFacts => ({
  state: 'running',
  connected: true,
  transportProblem: undefined,
  criticalProblem: undefined,
  persistenceProblem: undefined,
  receivers: [receiver],
  counts: noCounts(),
  rateLimited: false,
  staleSubscriptions: [],
  ...changes,
});

describe('judgeHealth', () => {
  test('should be healthy when it runs and nothing is wrong, busy or idle', () => {
    expect(judgeHealth(facts({}))).toMatchObject({ status: 'healthy', problems: [] });
    const idleForLong = { ...receiver, msSinceProgress: 9_000_000 };
    expect(judgeHealth(facts({ receivers: [idleForLong] })).status).toBe('healthy');
  });

  test.each([
    [{ state: 'stopped' }, 'the endpoint is stopped'],
    [{ connected: false, transportProblem: 'refused' }, 'the transport is not connected: refused'],
    [{ criticalProblem: 'the error queue is gone' }, 'the error queue is gone'],
    [
      { receivers: [{ ...receiver, paused: 'disk full' }] },
      'queue "sales" is not received: disk full',
    ],
  ] as const)('should be unhealthy when it does not do its job', (changes, problem) => {
    const health = judgeHealth(facts(changes));
    expect(health.status).toBe('unhealthy');
    expect(health.problems).toContain(problem);
  });

  test.each([
    [{ transportProblem: 'slow disk' }, 'slow disk'],
    [
      { receivers: [{ ...receiver, heldUp: 'one key fills it' }] },
      'queue "sales": one key fills it',
    ],
    [{ rateLimited: true }, 'everything fails: messages are tried one at a time'],
    [{ staleSubscriptions: ['Sales.Old'] }, 'subscribed without a handler: Sales.Old'],
    [
      { receivers: [{ ...receiver, inFlight: 2, msSinceProgress: 61_000 }] },
      'queue "sales": no message settled for 61 s while 2 are in handlers',
    ],
  ] as const)('should be degraded when somebody should look', (changes, problem) => {
    const health = judgeHealth(facts(changes));
    expect(health.status).toBe('degraded');
    expect(health.problems).toContain(problem);
  });
});
