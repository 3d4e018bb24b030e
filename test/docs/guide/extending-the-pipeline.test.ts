import { Command, type MessageMutator, type Observer, behavior, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
const seen: unknown[] = [];
const tenants = {
  async run(tenant: string | undefined, next: () => Promise<void>): Promise<void> {
    seen.push(tenant);
    await next();
  },
};
const metrics = {
  record(name: string, value: number): void {
    seen.push(name, value >= 0);
  },
};

// #region behavior
const tenantScope = behavior('handlers', 'tenant scope', async (context, next) => {
  await tenants.run(context.headers['tenant'], next);
});
const tenantHeader = behavior('route', 'tenant header', async (context, next) => {
  context.headers['tenant'] ??= 'acme';
  await next();
});
// #endregion

// #region mutator
const upperCaseIds: MessageMutator = {
  outgoing(outgoing) {
    const { message } = outgoing;
    if (message instanceof PlaceOrder) {
      outgoing.message = new PlaceOrder({ orderId: message.orderId.toUpperCase() });
    }
  },
};
// #endregion

// #region observer
const durations: Observer = {
  observe(observation) {
    if (observation.kind === 'handled') metrics.record('handled', observation.durationMs);
  },
};
// #endregion

test('should run around the stages', async () => {
  await using harness = createHarness();
  const sales = harness.endpoint('sales', {
    handlers: [handler(PlaceOrder, ({ orderId }) => seen.push(orderId))],
    behaviors: [tenantScope, tenantHeader],
    mutators: [upperCaseIds],
    observers: [durations],
  });
  await harness.start();
  await sales.sendLocal(new PlaceOrder({ orderId: 'a-1' }));
  await harness.settled();
  expect(seen).toEqual(['acme', 'A-1', 'handled', true]);
  expect(sales.diagnostics().pipeline).toContainEqual(
    expect.objectContaining({ stage: 'route', behaviors: ['tenant header'] }),
  );
});
