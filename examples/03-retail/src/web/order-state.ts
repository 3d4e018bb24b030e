/** What the front end was told about an order. */
export type Fact =
  | 'placed'
  | 'billed'
  | 'packed'
  | 'reminded'
  | 'stopping'
  | 'tooLate'
  | 'shipped'
  | 'cancelled'
  | 'rejected';

export type OrderState =
  | 'Accepted'
  | 'Placed'
  | 'Billed'
  | 'Packed'
  | 'Reminded'
  | 'Shipping…'
  | 'Stopping…'
  | 'Too late'
  | 'Shipped'
  | 'Cancelled'
  | 'Rejected';

/** A step of an order, as the customer sees it. */
export interface StateChange {
  readonly state: OrderState;
  /** Why, where somebody gave a reason. */
  readonly note?: string;
}

/** The facts about an order, each with its reason or with an empty text. */
export type Facts = ReadonlyMap<Fact, string>;

/**
 * All states that an order has been in. Messages of different services overtake each other, so it is not their order
 * that counts: what is shipped was billed and packed before, whether that was heard or not.
 */
export function statesOf(facts: Facts): readonly StateChange[] {
  const shipped = facts.has('shipped');
  const has = (fact: Fact): boolean => shipped || facts.has(fact);
  const ready = has('billed') && has('packed');
  const end = endOf(facts);
  return [
    { state: 'Accepted' },
    ...(has('placed') || has('billed') || has('packed') ? [{ state: 'Placed' } as const] : []),
    ...(has('billed') ? [{ state: 'Billed' } as const] : []),
    ...(has('packed') ? [{ state: 'Packed' } as const] : []),
    ...(facts.has('reminded') ? [change('Reminded', facts.get('reminded'))] : []),
    ...(ready && (end === undefined || shipped) ? [{ state: 'Shipping…' } as const] : []),
    ...(facts.has('stopping') ? [{ state: 'Stopping…' } as const] : []),
    ...(facts.has('tooLate') ? [change('Too late', facts.get('tooLate'))] : []),
    ...(end === undefined ? [] : [end]),
  ];
}

/** The state now: `Too late` is an answer and no state. */
export function stateOf(facts: Facts): OrderState {
  const answered = facts.has('tooLate');
  const states = statesOf(facts).filter(
    ({ state }) => state !== 'Too late' && (state !== 'Stopping…' || !answered),
  );
  return states.at(-1)?.state ?? 'Accepted';
}

/** Whether nothing more will be told. */
export function isOver(facts: Facts): boolean {
  if (facts.has('rejected') || facts.has('cancelled')) return true;
  return facts.has('shipped') && !isUnanswered(facts);
}

function isUnanswered(facts: Facts): boolean {
  return facts.has('stopping') && !facts.has('tooLate');
}

/** Who asked for a cancellation is answered first. */
function endOf(facts: Facts): StateChange | undefined {
  if (facts.has('shipped') && isUnanswered(facts)) return undefined;
  if (facts.has('shipped')) return change('Shipped', facts.get('shipped'));
  if (facts.has('rejected')) return change('Rejected', facts.get('rejected'));
  if (facts.has('cancelled')) return change('Cancelled', facts.get('cancelled'));
  return undefined;
}

function change(state: OrderState, note = ''): StateChange {
  return note === '' ? { state } : { state, note };
}
