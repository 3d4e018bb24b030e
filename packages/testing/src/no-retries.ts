import { type RecoverabilityOptions, fixed } from '@busbar/core';

/** `recoverability` for tests of what fails: the first failure goes to the error queue. */
export const noRetries: RecoverabilityOptions = Object.freeze({
  immediate: 0,
  delayed: fixed({ attempts: 0, delay: 0 }),
});
