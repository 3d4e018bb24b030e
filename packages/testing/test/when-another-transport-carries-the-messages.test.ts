import {
  Command,
  MemoryBroker,
  defineRoutes,
  handler,
  memoryTransport,
  systemClock,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class Count extends Command('Counting.Count')<{ left: number }> {}

const routes = defineRoutes({ counting: [Count] });

describe('when another transport carries the messages', () => {
  test('should settle by what its queues say', async () => {
    const transport = memoryTransport({ broker: new MemoryBroker() });
    await using harness = createHarness({ transport, clock: systemClock });
    const counting = harness.endpoint('counting', {
      routes,
      handlers: [
        handler(Count, async ({ left }, context) => {
          if (left > 0) await context.sendLocal(new Count({ left: left - 1 }));
        }),
      ],
    });
    await harness.start();
    await counting.send(new Count({ left: 20 }));
    await harness.settled();
    expect(harness.handled(Count)).toHaveLength(21);
    expect(harness.clock).toBe(systemClock);
  });
});
