import { expect, test } from 'vitest';
import { observed, probe } from './probe.ts';

class Order {
  readonly id = 'A-1';
}

class OrderHandler {
  @probe('place')
  place(order: Order): string {
    return order.id;
  }
}

const mode = process.env['BUSBAR_DECORATORS'];

test('should compile decorators in the mode that the project is named after', () => {
  expect(new OrderHandler().place(new Order())).toBe('A-1');
  expect(observed.get('place')?.mode).toBe(mode === 'standard' ? 'standard' : 'legacy');
});

test('should emit the types of parameters only where it was asked to', () => {
  expect(observed.get('place')?.paramTypes).toEqual(mode === 'metadata' ? [Order] : undefined);
});
