import type { Options } from 'amqplib';

/** One message on its way to the broker, as often as it takes. */
export interface Publication {
  /** Empty is the default exchange, which routes by the name of a queue. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  /** The properties and `mandatory`. */
  readonly options: Options.Publish;
}
