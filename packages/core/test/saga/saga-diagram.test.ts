import { Command, Event, Message, defineSaga, sagaDiagram } from '@busbar/core';
import { expect, test } from 'vitest';

class OrderBilled extends Event('Billing.OrderBilled')<{ orderId: string }> {}
class OrderCancelled extends Event('Sales.OrderCancelled')<{ orderId: string }> {}
class GetQuote extends Command('Pricing.GetQuote') {}
class Quote extends Message('Pricing.Quote') {}
class Deadline extends Message('Shipping.Deadline#1') {}

const byOrder = ({ orderId }: { orderId: string }) => orderId;
const nothing = () => {};

const shipping = defineSaga('Shipping.Shipping', {
  correlation: 'orderId',
  initialState: () => ({ orderId: '' }),
})
  .startedBy(OrderBilled, byOrder, nothing, { sends: [GetQuote], requestsTimeout: [Deadline] })
  .continuedBy(OrderCancelled, byOrder, nothing, { completes: true })
  .onReply(Quote, nothing)
  .onTimeout(Deadline, nothing, { completes: true });

test('should draw what starts, continues and ends it', () => {
  expect(sagaDiagram(shipping)).toBe(`stateDiagram-v2
  state "Shipping.Shipping" as saga
  [*] --> saga : Billing.OrderBilled / Pricing.GetQuote, Shipping.Deadline#35;1 (timeout)
  saga --> saga : Billing.OrderBilled / Pricing.GetQuote, Shipping.Deadline#35;1 (timeout)
  saga --> saga : Sales.OrderCancelled
  saga --> [*] : Sales.OrderCancelled
  saga --> saga : Pricing.Quote (reply)
  saga --> saga : Shipping.Deadline#35;1 (timeout)
  saga --> [*] : Shipping.Deadline#35;1 (timeout)
`);
});

test('should draw who tells whom', () => {
  expect(sagaDiagram(shipping, 'sequence')).toBe(`sequenceDiagram
  participant others as Others
  participant saga as Shipping.Shipping
  others->>saga: Billing.OrderBilled
  Note over saga: starts, unless it is there already
  saga->>others: Pricing.GetQuote
  saga-)saga: requests Shipping.Deadline#35;1
  others->>saga: Sales.OrderCancelled
  Note over saga: may complete
  others-->>saga: Pricing.Quote (reply)
  saga->>saga: Shipping.Deadline#35;1 (timeout)
  Note over saga: may complete
`);
});
