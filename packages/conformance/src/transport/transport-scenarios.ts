import type { Scenario } from '../support/scenario.ts';
import { whenAConsumerIsKilled } from './when-a-consumer-is-killed.ts';
import { whenAHandlerThrows } from './when-a-handler-throws.ts';
import { whenAHoldIsLost } from './when-a-hold-is-lost.ts';
import { whenAMessageExpires } from './when-a-message-expires.ts';
import { whenAMessageIsAvailable } from './when-a-message-is-available.ts';
import { whenAMessageIsPoison } from './when-a-message-is-poison.ts';
import { whenAMessageIsReleased } from './when-a-message-is-released.ts';
import { whenAMessageIsSuspect } from './when-a-message-is-suspect.ts';
import { whenAMessageKillsItsProcess } from './when-a-message-kills-its-process.ts';
import { whenARetryIsRequested } from './when-a-retry-is-requested.ts';
import { whenASenderHasAContext } from './when-a-sender-has-a-context.ts';
import { whenAskedForHealth } from './when-asked-for-health.ts';
import { whenBodiesDiffer } from './when-bodies-differ.ts';
import { whenConsumersCompete } from './when-consumers-compete.ts';
import { whenCopiesShareAnId } from './when-copies-share-an-id.ts';
import { whenDelaying } from './when-delaying.ts';
import { whenDispatchingConcurrently } from './when-dispatching-concurrently.ts';
import { whenHeadersDiffer } from './when-headers-differ.ts';
import { whenManyMessagesPass } from './when-many-messages-pass.ts';
import {
  whenMessagesShareAKey,
  whenAnOrderedQueueHasTwoConsumers,
  whenTheFirstOfAKeyComesBack,
  whenTheReceiverOfAnOrderedQueuePauses,
} from './when-messages-share-a-key.ts';
import { whenOnErrorThrows } from './when-on-error-throws.ts';
import { whenOneOfSeveralDestinationsIsBad } from './when-one-of-several-destinations-is-bad.ts';
import { whenOnlySending } from './when-only-sending.ts';
import { whenOperatingQueues } from './when-operating-queues.ts';
import { whenPublishing } from './when-publishing.ts';
import { whenPublishingADerivedEvent } from './when-publishing-a-derived-event.ts';
import { whenSettlingWithSends } from './when-settling-with-sends.ts';
import { whenSeveralMessagesAreAvailable } from './when-several-messages-are-available.ts';
import { whenStopping } from './when-stopping.ts';
import { whenStoppingUnderLoad } from './when-stopping-under-load.ts';
import { whenTheConcurrencyChanges } from './when-the-concurrency-changes.ts';
import { whenTheDestinationIsGone } from './when-the-destination-is-gone.ts';
import { whenTheErrorQueueIsMissing } from './when-the-error-queue-is-missing.ts';
import { whenTheStopDeadlinePasses } from './when-the-stop-deadline-passes.ts';
import { whenTwoConnectionsShareAProcess } from './when-two-connections-share-a-process.ts';

/** Everything that a transport has to pass. */
export const transportScenarios: readonly Scenario[] = [
  whenAMessageIsAvailable,
  whenSeveralMessagesAreAvailable,
  whenTheConcurrencyChanges,
  whenAHandlerThrows,
  whenARetryIsRequested,
  whenAMessageIsReleased,
  whenOnErrorThrows,
  whenTheErrorQueueIsMissing,
  whenStopping,
  whenStoppingUnderLoad,
  whenTheStopDeadlinePasses,
  whenAHoldIsLost,
  whenSettlingWithSends,
  whenOnlySending,
  whenDispatchingConcurrently,
  whenTheDestinationIsGone,
  whenOneOfSeveralDestinationsIsBad,
  whenPublishing,
  whenPublishingADerivedEvent,
  whenDelaying,
  whenAMessageExpires,
  whenAMessageIsPoison,
  whenBodiesDiffer,
  whenHeadersDiffer,
  whenCopiesShareAnId,
  whenConsumersCompete,
  whenMessagesShareAKey,
  whenTheFirstOfAKeyComesBack,
  whenAnOrderedQueueHasTwoConsumers,
  whenTheReceiverOfAnOrderedQueuePauses,
  whenAMessageIsSuspect,
  whenAConsumerIsKilled,
  whenAMessageKillsItsProcess,
  whenOperatingQueues,
  whenAskedForHealth,
  whenTwoConnectionsShareAProcess,
  whenASenderHasAContext,
  whenManyMessagesPass,
];
