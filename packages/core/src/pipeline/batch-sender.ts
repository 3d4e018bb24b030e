import { BusbarError, asError } from '../errors.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import { type Dispatch, DispatchBatch } from './dispatch-stage.ts';
import type { Outgoing, OutgoingRequest } from './outgoing.ts';
import { Sending } from './sending.ts';

/** An attempt or a session: what it sends is one batch, which leaves if and only if it succeeds. */
export interface SendingScope {
  readonly batch: TransportOperation[];
  /** Sends that were begun and may not have been awaited; the end waits for them all the same. */
  readonly sending: Sending[];
  /** Nothing may be sent any more. */
  readonly ended: boolean;
  /** The delivery that is handled, if any: once it is lost nothing is dispatched. */
  readonly delivery?: Delivery;
  /** For the error of a send that comes too late, such as `the context of message 7f… after its handlers had ended`. */
  readonly afterEnd: string;
}

const added = Promise.resolve();

/** Collects what a scope sends. */
export class BatchSender {
  readonly #outgoing: Outgoing;
  readonly #dispatch: Dispatch;
  readonly #scope: SendingScope;

  constructor(outgoing: Outgoing, dispatch: Dispatch, scope: SendingScope) {
    this.#outgoing = outgoing;
    this.#dispatch = dispatch;
    this.#scope = scope;
  }

  collect(request: OutgoingRequest): Promise<void> {
    const adding = this.#add(request);
    if (adding === undefined) return added;
    // The scope awaits it too, so a failure that the caller does not look at is not unhandled: it fails the scope.
    const sending = new Sending((resolve, reject) => {
      adding.then(resolve, reject);
    });
    this.#scope.sending.push(sending);
    return sending;
  }

  /** Undefined once it is in the batch: by far the usual case, in which nothing can fail any more. */
  #add(request: OutgoingRequest): Promise<void> | undefined {
    try {
      this.#refuseIfEnded(request);
      const operation = this.#outgoing.prepare(request);
      if (operation instanceof Promise || request.options.dispatch === 'immediate') {
        return this.#addLater(request, operation);
      }
      this.#scope.batch.push(operation);
      return undefined;
    } catch (error) {
      return Promise.reject(asError(error));
    }
  }

  async #addLater(
    request: OutgoingRequest,
    preparing: TransportOperation | Promise<TransportOperation>,
  ): Promise<void> {
    const operation = await preparing;
    if (request.options.dispatch === 'immediate') {
      const { delivery } = this.#scope;
      const how = delivery === undefined ? {} : { delivery };
      await this.#dispatch(new DispatchBatch([operation], how));
      return;
    }
    this.#refuseIfEnded(request);
    this.#scope.batch.push(operation);
  }

  #refuseIfEnded({ message }: OutgoingRequest): void {
    if (!this.#scope.ended) return;
    throw new BusbarError(
      'SEND_OUTSIDE_CONTEXT',
      `${message.constructor.name} was sent on ${this.#scope.afterEnd}.`,
      {
        help: 'Await everything that is started inside, or send with the endpoint itself once it is over.',
      },
    );
  }
}
