import { injectable } from 'inversify';
import { SandboxCalls } from '../sandbox-calls.ts';

/** Where the carrier's sandbox has trouble: how many calls in a row fail. */
const unluckyCountries: Readonly<Record<string, number>> = { IS: 1, NO: 3 };

/** The company that carries parcels for us. */
@injectable()
export class Carrier {
  readonly #calls = new SandboxCalls();

  /**
   * Books one parcel per order, however often it is called, and gives its number.
   *
   * @throws Error when trying again may help
   */
  async book(orderId: string, country: string): Promise<string> {
    await this.#calls.call(orderId, unluckyCountries[country] ?? 0, 'the carrier did not answer');
    return `${country}-${orderId}`;
  }
}
