import type { PersistenceScenario } from './support/persistence-scenario.ts';
import { whenALaneIsClaimed } from './when-a-lane-is-claimed.ts';
import { whenAMessageIsLookedUp } from './when-a-message-is-looked-up.ts';
import { whenASagaIsStored } from './when-a-saga-is-stored.ts';
import {
  whenASagaIsLocked,
  whenASagaWasChangedMeanwhile,
} from './when-a-saga-was-changed-meanwhile.ts';
import { whenASessionEnds, whenBeginningWithoutAMessage } from './when-a-session-ends.ts';
import { whenAskedForTheBacklog } from './when-asked-for-the-backlog.ts';
import { whenClosing } from './when-closing.ts';
import { whenCommitsShareAKey } from './when-commits-share-a-key.ts';
import { whenDispatchingWithTheCommit } from './when-dispatching-with-the-commit.ts';
import { whenHandledMessagesGrowOld } from './when-handled-messages-grow-old.ts';
import { whenJoiningATransaction } from './when-joining-a-transaction.ts';
import { whenManySessionsAreOpen } from './when-many-sessions-are-open.ts';
import { whenOperationsAreStored } from './when-operations-are-stored.ts';
import { whenOperationsWereDispatched } from './when-operations-were-dispatched.ts';
import { whenARecordIsKept, whenRecordsAreClaimed } from './when-records-are-claimed.ts';
import { whenSagasAndMessagesCommitTogether } from './when-sagas-and-messages-commit-together.ts';
import { whenSagasShareACorrelation } from './when-sagas-share-a-correlation.ts';
import { whenTheConnectionsBreak } from './when-the-connections-break.ts';
import { whenTheHandlerEndsTheTransaction } from './when-the-handler-ends-the-transaction.ts';
import { whenTwoAttemptsCommit } from './when-two-attempts-commit.ts';

/** Everything that a persistence has to pass. */
export const persistenceScenarios: readonly PersistenceScenario[] = [
  whenASessionEnds,
  whenAMessageIsLookedUp,
  whenTwoAttemptsCommit,
  whenOperationsAreStored,
  whenOperationsWereDispatched,
  whenRecordsAreClaimed,
  whenARecordIsKept,
  whenALaneIsClaimed,
  whenCommitsShareAKey,
  whenBeginningWithoutAMessage,
  whenJoiningATransaction,
  whenDispatchingWithTheCommit,
  whenHandledMessagesGrowOld,
  whenAskedForTheBacklog,
  whenASagaIsStored,
  whenSagasShareACorrelation,
  whenASagaWasChangedMeanwhile,
  whenASagaIsLocked,
  whenSagasAndMessagesCommitTogether,
  whenManySessionsAreOpen,
  whenTheHandlerEndsTheTransaction,
  whenTheConnectionsBreak,
  whenClosing,
];
