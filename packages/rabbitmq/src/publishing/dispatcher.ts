import { Buffer } from 'node:buffer';
import {
  BusbarError,
  type Clock,
  type DispatchResult,
  type TransportOperation,
  asError,
  errorCatalogue,
} from '@busbar/core';
import { delayLevels } from '../capabilities.ts';
import { isTooLarge } from '../message/received-bodies.ts';
import { toProperties } from '../message/properties.ts';
import type { Topology } from '../topology/topology.ts';
import type { Publication } from './publication.ts';
import { type Publisher, unavailable } from './publisher.ts';
import type { Outcome } from './slot.ts';

const longestDelaySeconds = 2 ** delayLevels - 1;

/** Where a message goes: an exchange and a routing key. */
interface Target {
  readonly exchange: string;
  readonly routingKey: string;
  /** The broker is asked to give it back when no queue takes it. */
  readonly mandatory: boolean;
}

/** Turns the operations of the port into publications, each with a result of its own. */
export class Dispatcher {
  readonly #publisher: Publisher;
  readonly #topology: Topology;
  readonly #clock: Clock;
  readonly #maxBodyBytes: number;
  #inProgress = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(publisher: Publisher, topology: Topology, clock: Clock, maxBodyBytes: number) {
    this.#publisher = publisher;
    this.#topology = topology;
    this.#clock = clock;
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** @throws BusbarError TRANSPORT_UNAVAILABLE when nothing of it was written to a socket. */
  dispatch(operations: readonly TransportOperation[]): Promise<readonly DispatchResult[]> {
    if (operations.length === 0) return Promise.resolve([]);
    this.#inProgress += 1;
    const [only] = operations;
    if (operations.length === 1 && only !== undefined) return this.#dispatchOne(only);
    return new Promise((resolve, reject) => {
      const outcomes: Outcome[] = [];
      let open = operations.length;
      for (let index = 0; index < operations.length; index += 1) {
        this.#send(operations[index] as TransportOperation, (outcome) => {
          outcomes[index] = outcome;
          open -= 1;
          if (open > 0) return;
          this.#ended();
          const untried = outcomes.every((each) => each.untried === true);
          const { result } = outcome;
          if (untried && result.outcome !== 'confirmed') reject(unavailable(result.reason));
          else resolve(outcomes.map((each) => each.result));
        });
      }
    });
  }

  /** The same for a single one, by far the usual case, without the bookkeeping. */
  #dispatchOne(operation: TransportOperation): Promise<readonly DispatchResult[]> {
    return new Promise((resolve, reject) => {
      this.#send(operation, ({ result, untried = false }) => {
        this.#ended();
        if (untried && result.outcome !== 'confirmed') reject(unavailable(result.reason));
        else resolve([result]);
      });
    });
  }

  /** Resolves when all that was accepted has its results. */
  idle(): Promise<void> {
    if (this.#inProgress === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #ended(): void {
    this.#inProgress -= 1;
    if (this.#inProgress > 0 || this.#idleWaiters.length === 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  #send(operation: TransportOperation, end: (outcome: Outcome) => void): void {
    const { body } = operation.message;
    if (isTooLarge(body, this.#maxBodyBytes)) {
      const reason = `The body has ${body.byteLength} bytes, the limit is ${this.#maxBodyBytes}.`;
      end({ result: { outcome: 'undeliverable', reason } });
      return;
    }
    const target = this.#readyTarget(operation);
    if (target !== undefined) this.#submit(operation, target, end);
    else void this.#sendWhenReady(operation, end);
  }

  #submit(operation: TransportOperation, target: Target, end: (outcome: Outcome) => void): void {
    const publication = publicationOf(operation, target);
    if (target.exchange === '') {
      this.#publisher.submit(publication, end);
      return;
    }
    this.#publisher.submit(publication, (outcome) => {
      // Somebody deleted the exchange, or what was bound to it, after we had made sure of it.
      if (outcome.exchangeMissing === true) void this.#sendOnceMore(operation, end);
      else end(outcome);
    });
  }

  async #sendOnceMore(
    operation: TransportOperation,
    end: (outcome: Outcome) => void,
  ): Promise<void> {
    this.#topology.forget();
    try {
      const target = await this.#target(operation);
      this.#publisher.submit(publicationOf(operation, target), end);
    } catch (error) {
      end(outcomeOf(asError(error)));
    }
  }

  async #sendWhenReady(
    operation: TransportOperation,
    end: (outcome: Outcome) => void,
  ): Promise<void> {
    try {
      this.#submit(operation, await this.#target(operation), end);
    } catch (error) {
      end(outcomeOf(asError(error)));
    }
  }

  /** Undefined when the topology has to be made sure of first. */
  #readyTarget(operation: TransportOperation): Target | undefined {
    const { destination } = operation;
    const seconds = this.#delaySeconds(operation);
    if (seconds > 0) {
      if (seconds > longestDelaySeconds) return undefined;
      const word = this.#topology.readyDelay(destination);
      return word === undefined ? undefined : this.#delayed(word, seconds);
    }
    if (destination.kind === 'queue') return toQueue(destination.queue);
    const exchange = this.#topology.readyExchange(destination.topics);
    return exchange === undefined ? undefined : toExchange(exchange);
  }

  async #target(operation: TransportOperation): Promise<Target> {
    const { destination } = operation;
    if (this.#delaySeconds(operation) > 0) {
      const word = await this.#topology.ensureDelay(destination);
      // Asked again, because making sure may have taken its time.
      const seconds = this.#delaySeconds(operation);
      if (seconds > longestDelaySeconds) {
        throw new BusbarError(
          'INVALID_CONFIGURATION',
          `its delay of ${seconds} s is longer than the longest, ${longestDelaySeconds} s`,
        );
      }
      if (seconds > 0) return this.#delayed(word, seconds);
    }
    if (destination.kind === 'queue') return toQueue(destination.queue);
    return toExchange(await this.#topology.ensureExchange(destination.topics));
  }

  /** Mandatory, for a queue of the ladder that somebody deleted leaves its exchange behind. */
  #delayed(word: string, seconds: number): Target {
    return { ...this.#topology.delayTarget(word, seconds), mandatory: true };
  }

  /** Rounded up, so that nothing is early. */
  #delaySeconds({ deliverAt }: TransportOperation): number {
    if (deliverAt === undefined) return 0;
    return Math.max(0, Math.ceil((deliverAt - this.#clock.now()) / 1_000));
  }
}

function toQueue(queue: string): Target {
  return { exchange: '', routingKey: queue, mandatory: true };
}

/** An event that nobody subscribed to is no error. */
function toExchange(exchange: string): Target {
  return { exchange, routingKey: '', mandatory: false };
}

function publicationOf({ message }: TransportOperation, target: Target): Publication {
  const { body } = message;
  const options = toProperties(message.headers);
  options.mandatory = target.mandatory;
  return {
    exchange: target.exchange,
    routingKey: target.routingKey,
    content: Buffer.isBuffer(body)
      ? body
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    options,
  };
}

/** Of what could not be sent because its exchange or its delay could not be made sure of. */
function outcomeOf(error: Error): Outcome {
  if (!(error instanceof BusbarError)) {
    return { result: { outcome: 'undeliverable', reason: error.message } };
  }
  // Who reads it gets a code and a help of the whole dispatch.
  const { code, message } = error;
  const reason = message.replace(` ${errorCatalogue[code]}`, '').replace(` [${code}]`, '');
  return code === 'TRANSPORT_UNAVAILABLE'
    ? { result: { outcome: 'unknown', reason }, untried: true }
    : { result: { outcome: 'undeliverable', reason } };
}
