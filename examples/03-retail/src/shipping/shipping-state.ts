/** What the saga of an order remembers. */
export interface ShippingState {
  orderId: string;
  placed: boolean;
  billed: boolean;
  packed: boolean;
  reminded: boolean;
  country: string;
  payment: string;
  total: number;
  /** Seconds between the reminder and the end of the patience. */
  deadline: number;
}

export function newShippingState(): ShippingState {
  return {
    orderId: '',
    placed: false,
    billed: false,
    packed: false,
    reminded: false,
    country: '',
    payment: '',
    total: 0,
    deadline: 0,
  };
}

/** Whether no message has been here before. */
export function isNew({ placed, billed }: ShippingState): boolean {
  return !placed && !billed;
}
