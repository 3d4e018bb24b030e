import { orderLine } from './demo.ts';

/** A state as the server-sent events tell it. */
export interface ShownState {
  readonly state: string;
  readonly note?: string;
}

/** The shop over HTTP, as a browser uses it. */
export class ShopPage {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  order(orderId: string, changes: object = {}): Promise<Response> {
    return this.post('/orders', orderLine(orderId, changes));
  }

  post(path: string, body: string): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return fetch(this.#address + path, { method: 'POST', headers, body });
  }

  async get(path: string): Promise<Response> {
    return fetch(this.#address + path);
  }

  /** The states of an order as they come, until nothing more will. */
  async *states(orderId: string): AsyncGenerator<ShownState> {
    const response = await this.get(`/orders/${orderId}/events`);
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (event === 'over') return;
        yield JSON.parse(data) as ShownState;
      }
    }
    throw new Error('The events ended without saying that they are over.');
  }

  async allStates(orderId: string): Promise<readonly ShownState[]> {
    const states: ShownState[] = [];
    for await (const state of this.states(orderId)) states.push(state);
    return states;
  }
}
