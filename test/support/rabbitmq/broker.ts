/** Where a broker for tests came from. */
export type BrokerKind = 'environment' | 'container' | 'private';

/** A broker that tests may use, and neither stop nor reconfigure. */
export interface Broker {
  readonly kind: BrokerKind;
  readonly version: string;
  /** With user and password. */
  readonly url: string;
  /** With user and password; the API is below `/api`. Not every broker from the environment has one. */
  readonly managementUrl?: string;
}

/** A broker and how to be rid of it. */
export interface RunningBroker {
  readonly broker: Broker;
  stop(): Promise<void>;
}
