/** What every scenario sends: about 300 bytes as JSON. */
export interface Order {
  readonly id: number;
  /** When it was sent, by the clock that all processes share; 0 where nobody asks. */
  readonly sentAt: number;
  readonly customer: { readonly name: string; readonly street: string; readonly city: string };
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly cents: number;
  }[];
  readonly note: string;
}

/** A new order each time, as a service would make one. */
export function order(id: number, sentAt = 0): Order {
  return {
    id,
    sentAt,
    customer: { name: 'Ada Lovelace', street: '12 St James’s Square', city: 'London' },
    lines: [
      { sku: 'ENGINE-0001', quantity: 1, cents: 1_250_000 },
      { sku: 'PUNCHED-CARD-80', quantity: 500, cents: 12 },
      { sku: 'OIL-CAN', quantity: 2, cents: 899 },
    ],
    note: 'Please leave it with the neighbours.',
  };
}
