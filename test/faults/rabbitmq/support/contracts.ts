import { Command, Event } from '@busbar/core';

/** The message types of one scenario, named after it: a broker from the environment may be shared. */
export function contractsOf(run: string) {
  /** What the sender sends. */
  class Work extends Command(`Faults.Work.${run}`)<{ number: number }> {}
  /** What its handler publishes, for another endpoint to handle. */
  class WorkDone extends Event(`Faults.WorkDone.${run}`)<{ number: number }> {}
  return { Work, WorkDone };
}

/** The endpoints of a scenario and their error queue. */
export function namesOf(run: string) {
  return {
    sender: `${run}-sender`,
    worker: `${run}-worker`,
    watcher: `${run}-watcher`,
    errors: `${run}-error`,
  };
}
