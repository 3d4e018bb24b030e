import { injectable } from 'inversify';
import { OrderRejected } from '../order-rejected.ts';
import { SandboxCalls } from '../sandbox-calls.ts';

/** As in the sandbox of any payment provider, the card says what will happen: how many calls in a row fail. */
const unluckyCards: Readonly<Record<string, number>> = {
  tok_timeout: 1,
  tok_bank_down: 3,
  tok_bank_down_long: 6,
};

/** The company that charges cards for us. */
@injectable()
export class PaymentProvider {
  readonly #calls = new SandboxCalls();
  readonly #charged = new Map<string, number>();

  /**
   * Charges the card once per order, however often it is called; who pays by invoice has not paid yet.
   *
   * @throws OrderRejected when the card is declined, Error when trying again may help
   */
  async charge(orderId: string, card: string, amount: number): Promise<'paid' | 'invoiced'> {
    await this.#calls.call(orderId, unluckyCards[card] ?? 0, 'the payment provider did not answer');
    if (card === 'tok_declined') throw new OrderRejected('the card was declined');
    if (card.startsWith('tok_invoice')) return 'invoiced';
    if (!this.#charged.has(orderId)) this.#charged.set(orderId, amount);
    return 'paid';
  }

  /** Reminds of an invoice, if it is one, and tells whether it was paid then. */
  async remind(orderId: string, card: string): Promise<boolean> {
    await this.#calls.call(orderId, 0, 'the payment provider did not answer');
    return card === 'tok_invoice';
  }
}
