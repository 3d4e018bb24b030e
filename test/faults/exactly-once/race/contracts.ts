import { Event, defineSaga } from '@busbar/core';

/** Two events that start a saga, whichever comes first, and the saga, which counts them. */
export function raceOf(run: string) {
  class OrderBilled extends Event(`Race.OrderBilled.${run}`)<{ order: number }> {}
  class OrderPacked extends Event(`Race.OrderPacked.${run}`)<{ order: number }> {}
  const saga = defineSaga(`Race.Shipping.${run}`, {
    correlation: 'order',
    initialState: () => ({ order: 0, billed: 0, packed: 0 }),
  })
    .startedBy(
      OrderBilled,
      ({ order }) => order,
      (_, { state }) => {
        state.billed += 1;
      },
    )
    .startedBy(
      OrderPacked,
      ({ order }) => order,
      (_, { state }) => {
        state.packed += 1;
      },
    );
  return { OrderBilled, OrderPacked, saga, endpoint: `${run}-shipping`, errors: `${run}-error` };
}
