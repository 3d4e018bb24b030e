import type { HandlerContext } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { inject, injectable } from 'inversify';
import { GetQuote, Quote } from '../contracts.ts';
import { OrderRejected } from '../order-rejected.ts';
import { Catalogue } from './catalogue.ts';

/** Who asks first is a business customer and pays a twentieth less. */
const discount = 20;

@injectable()
export class GetQuoteHandler {
  constructor(@inject(Catalogue) private readonly catalogue: Catalogue) {}

  @handles(GetQuote)
  async quote({ lines }: GetQuote, context: HandlerContext): Promise<void> {
    await context.reply(this.#quoteFor(lines));
  }

  #quoteFor(lines: GetQuote['lines']): Quote {
    try {
      const total = this.catalogue.totalOf(lines);
      return new Quote({ total: total - Math.round(total / discount) });
    } catch (error) {
      // A question deserves an answer, so this is none for the error queue.
      if (error instanceof OrderRejected) return new Quote({ refusal: error.message });
      throw error;
    }
  }
}
