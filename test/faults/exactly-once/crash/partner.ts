import {
  type Endpoint,
  type HandlerContext,
  behavior,
  createEndpoint,
  handler,
  headerNames,
  silentLogger,
} from '@busbar/core';
import { type Contracts, endpointsOf } from './contracts.ts';
import { orderIn, typeIn } from './stepped-transport.ts';
import { type Store, type StoreAddress, openStore } from './store.ts';

/** What is only noted. */
type Noted = 'BillOrder' | 'PackOrder' | 'OrderPlaced' | 'ShipmentStarted' | 'OrderShipped';

const noted: readonly Noted[] = [
  'BillOrder',
  'PackOrder',
  'OrderPlaced',
  'ShipmentStarted',
  'OrderShipped',
];

/** Who lives on: gives the shop its work and gets what it sends, each effect once by an outbox of its own. */
export class Partner implements AsyncDisposable {
  /** The ids under which each message arrived. */
  readonly arrivals = new Map<string, Set<string>>();
  readonly #run: string;
  readonly #contracts: Contracts;
  readonly #store: Store;
  readonly #endpoint: Endpoint;

  constructor(run: string, contracts: Contracts, address: StoreAddress) {
    const names = endpointsOf(run);
    this.#run = run;
    this.#contracts = contracts;
    this.#store = openStore(address);
    const { transport, persistence } = this.#store;
    this.#endpoint = createEndpoint(names.partner, {
      transport,
      persistence,
      outbox: { relayEvery: '100ms' },
      errorQueue: names.errors,
      logger: silentLogger,
      behaviors: [
        behavior('unwrap', 'notes what arrives', ({ headers, body }, next) => {
          const message = `${typeIn(headers)} ${orderIn(body)}`;
          const ids = this.arrivals.get(message) ?? new Set();
          this.arrivals.set(message, ids.add(headers[headerNames.messageId] ?? ''));
          return next();
        }),
      ],
      handlers: [
        ...noted.map((name) => this.#notes(name)),
        handler(contracts.ShipmentReminded, async ({ order }, context: HandlerContext) => {
          await this.#store.record(context.storage, 'partner ShipmentReminded', order);
          const destination = names.shop;
          await context.send(new contracts.ConfirmShipment({ order }), { destination });
        }),
      ],
    });
  }

  start(): Promise<void> {
    return this.#endpoint.start();
  }

  async give(deed: 'place' | 'ship', order: number): Promise<void> {
    const { PlaceOrder, StartShipment } = this.#contracts;
    const message = deed === 'place' ? new PlaceOrder({ order }) : new StartShipment({ order });
    await this.#endpoint.send(message, { destination: endpointsOf(this.#run).shop });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endpoint.stop({ deadline: '5s' });
    await this.#store.close();
  }

  #notes(name: Noted) {
    // They differ by their names alone.
    const type = this.#contracts[name] as unknown as Contracts['BillOrder'];
    return handler(type, ({ order }, context: HandlerContext) =>
      this.#store.record(context.storage, `partner ${name}`, order),
    );
  }
}
