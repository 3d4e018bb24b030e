import type { FailureKind } from '../connection/service-failure.ts';
import type { ServiceBusDelivery } from './service-bus-delivery.ts';

/** How messages come from a queue to its receiver. */
export interface Intake {
  /** Why none come at the moment. */
  readonly problem: string | undefined;
  start(): void;
  resize(concurrency: number): void;
  /** No more are wanted. Resolves when none come any more; never rejects. */
  quiet(): Promise<void>;
  /**
   * After {@link Intake.quiet}: resolves when it holds nothing open but for this message, and that can be settled however
   * long it takes. Never rejects.
   */
  isolate(delivery: ServiceBusDelivery): Promise<void>;
  /** After {@link Intake.quiet}: gives up what it holds open once all that it brought was settled or given back. Never rejects. */
  closeWhenLeft(): Promise<void>;
  /** Gives up what it holds open. Settling is over. Never rejects. */
  close(): Promise<void>;
}

/** What an intake tells of. */
export interface IntakeOwner {
  /** The service refuses, and will until somebody does something about it. Called once until it works again. */
  refused(kind: FailureKind, error: unknown): void;
}
