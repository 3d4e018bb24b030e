import { injectable } from 'inversify';
import type { OrderLine } from '../contracts.ts';
import { SandboxCalls } from '../sandbox-calls.ts';

/** What the catalogue still shows and the shelves have not. */
const soldOut: ReadonlySet<string> = new Set(['KAYAK']);

/** Where parcels are packed. */
@injectable()
export class Warehouse {
  readonly #calls = new SandboxCalls();

  /** @returns whether everything was there */
  async pack(orderId: string, lines: readonly OrderLine[]): Promise<boolean> {
    await this.#calls.call(orderId, 0, 'the warehouse did not answer');
    return lines.every(({ sku }) => !soldOut.has(sku));
  }
}
