import { Event, handler } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{
  level: number;
}> {}
class ExpressOrderPlaced extends Event('Sales.ExpressOrderPlaced', {
  extends: PriorityOrderPlaced,
})<{ courier: string }> {}

const express = new ExpressOrderPlaced({ orderId: 'A-1', level: 2, courier: 'bike' });

describe.each(transports)('when events are polymorphic on $name', (transport) => {
  test('should reach the subscriber of a base exactly once', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-0' }));
    await sales.publish(express);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toMatchObject([{ orderId: 'A-0' }, { orderId: 'A-1' }]);
  });

  test('should be the base event to one who never heard of the derived one', async () => {
    await using harness = await transport.harness();
    const received = Promise.withResolvers<object>();
    const sales = harness.endpoint('sales');
    harness.endpoint('shipping', {
      handlers: [handler(OrderPlaced, (event) => received.resolve(event))],
    });
    await harness.start();
    await sales.publish(express);
    const event = await received.promise;
    expect(event).toBeInstanceOf(OrderPlaced);
    expect(event).not.toBeInstanceOf(PriorityOrderPlaced);
    expect({ ...event }).toEqual({ orderId: 'A-1', level: 2, courier: 'bike' });
  });

  test('should be the most derived type that the endpoint lists in messages', async () => {
    await using harness = await transport.harness();
    const received = Promise.withResolvers<object>();
    const sales = harness.endpoint('sales');
    harness.endpoint('shipping', {
      messages: [PriorityOrderPlaced],
      handlers: [handler(OrderPlaced, (event) => received.resolve(event))],
    });
    await harness.start();
    await sales.publish(express);
    const event = await received.promise;
    expect(event).toBeInstanceOf(PriorityOrderPlaced);
    expect(event).not.toBeInstanceOf(ExpressOrderPlaced);
  });

  test('should call the handlers of base and derived event for one copy, in their order', async () => {
    await using harness = await transport.harness();
    const called: string[] = [];
    const sales = harness.endpoint('sales');
    const shipping = harness.endpoint('shipping', {
      handlers: [
        handler(PriorityOrderPlaced, () => void called.push('priority')),
        handler(OrderPlaced, () => void called.push('base')),
        handler(ExpressOrderPlaced, () => void called.push('express')),
      ],
    });
    await harness.start();
    await sales.publish(express);
    await harness.settled();
    expect(called).toEqual(['priority', 'base', 'express']);
    expect(shipping.health().counts.handled).toBe(1);
    expect(shipping.diagnostics().subscriptions).toEqual(['Sales.OrderPlaced']);
  });

  test('should not reach the subscriber of a derived event with its base', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    harness.endpoint('courier', { handlers: [handler(PriorityOrderPlaced, () => {})] });
    await harness.start();
    await sales.publish(new OrderPlaced({ orderId: 'A-0' }));
    await sales.publish(express);
    await harness.settled();
    expect(harness.handled(OrderPlaced)).toMatchObject([{ orderId: 'A-1' }]);
  });

  test('should come from all publishers of events that extend the base', async () => {
    class OrderImported extends Event('Import.OrderImported', { extends: OrderPlaced })<{
      file: string;
    }> {}
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales');
    const importer = harness.endpoint('importer');
    harness.endpoint('shipping', { handlers: [handler(OrderPlaced, () => {})] });
    await harness.start();
    await sales.publish(express);
    await importer.publish(new OrderImported({ orderId: 'A-2', file: 'orders.csv' }));
    await harness.settled();
    expect(
      harness
        .handled(OrderPlaced)
        .map(({ orderId }) => orderId)
        .sort(),
    ).toEqual(['A-1', 'A-2']);
  });
});
