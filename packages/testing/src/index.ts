export * from './create-harness.ts';
export type * from './harness.ts';
export type { AttemptRecord, ObservationRecord, OutgoingRecord } from './message-spy.ts';
export type { FailedMessage, FailureDescription } from './failed-message.ts';
export { CapturedLogger, type LogEntry } from './captured-logger.ts';
export * from './virtual-clock.ts';
export * from './fake-handler-context.ts';
export * from './no-retries.ts';
