import type { Scenario } from '../support/scenario.ts';
import { whenAHandlerThrows } from './when-a-handler-throws.ts';
import { whenAMessageIsAvailable } from './when-a-message-is-available.ts';
import { whenAMessageIsReleased } from './when-a-message-is-released.ts';
import { whenARetryIsRequested } from './when-a-retry-is-requested.ts';
import { whenOnErrorThrows } from './when-on-error-throws.ts';
import { whenSeveralMessagesAreAvailable } from './when-several-messages-are-available.ts';
import { whenTheConcurrencyChanges } from './when-the-concurrency-changes.ts';

/** Everything that a transport has to pass. */
export const transportScenarios: readonly Scenario[] = [
  whenAMessageIsAvailable,
  whenSeveralMessagesAreAvailable,
  whenTheConcurrencyChanges,
  whenAHandlerThrows,
  whenARetryIsRequested,
  whenAMessageIsReleased,
  whenOnErrorThrows,
];
