import { injectable } from 'inversify';
import type { OrderLine } from '../contracts.ts';
import { OrderRejected } from '../order-rejected.ts';

/** Prices in cents. */
const prices: Readonly<Record<string, number>> = {
  'BAG-DAY': 59_90,
  'BAG-HIKE': 139_00,
  'BOOT-MEN': 179_00,
  'BOOT-WMN': 179_00,
  'BOTTLE-1L': 24_50,
  COMPASS: 34_90,
  HAMMOCK: 79_00,
  HEADLAMP: 44_90,
  'JACKET-RAIN': 229_00,
  KAYAK: 649_00,
  KNIFE: 39_00,
  'MAP-ALPS': 18_50,
  'MAT-AIR': 99_00,
  'ROPE-60': 189_00,
  'SOCKS-3': 29_90,
  'STOVE-GAS': 89_00,
  'TENT-2P': 419_00,
};

const countries: ReadonlySet<string> = new Set(
  'AT BE CH CZ DE DK ES FI FR GB IE IS IT LU NL NO PL PT SE'.split(' '),
);

/** What the shop sells, for how much, and where to. */
@injectable()
export class Catalogue {
  /** @throws OrderRejected */
  totalOf(lines: readonly OrderLine[]): number {
    if (lines.length === 0) throw new OrderRejected('the order has no lines');
    return lines.reduce((sum, { sku, quantity }) => {
      const price = prices[sku];
      if (price === undefined) throw new OrderRejected(`unknown SKU ${sku}`);
      if (quantity < 1) throw new OrderRejected(`quantity ${quantity} of ${sku}`);
      return sum + price * quantity;
    }, 0);
  }

  /** @throws OrderRejected */
  checkCountry(country: string): void {
    if (!countries.has(country)) throw new OrderRejected(`no delivery to ${country}`);
  }
}
