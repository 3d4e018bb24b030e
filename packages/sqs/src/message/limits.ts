/** A message of SQS: its body, and the names, types and values of its attributes. A batch of them, too. */
export const sqsBytes = 1_048_576;

/** A message of SNS, and a batch of them. */
export const snsBytes = 262_144;

/** Entries of a batch call. */
export const batchEntries = 10;

/** Attributes of a message; SNS drops a message with more when it delivers raw. */
export const mostAttributes = 10;

/** The longest that SQS holds a message back by itself. */
export const longestDelaySeconds = 900;

/** The retention counts from the send on, the delay included: a queue that keeps less loses messages that wait in it. */
export const leastRetentionSeconds = 4 * longestDelaySeconds;

/** Messages that one receive returns at most. */
export const receiveEntries = 10;

/** The longest that a message can be invisible from its receipt on. */
export const longestVisibilitySeconds = 43_200;
