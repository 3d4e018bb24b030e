import type { ReceiverHealth } from '../transport/transport.ts';
import type { EndpointState } from './endpoint.ts';

/** `healthy`: working. `degraded`: working, but look. `unhealthy`: not doing its job. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** What an endpoint knows of itself; made for a readiness or liveness probe, and for a person. */
export interface EndpointHealth {
  readonly status: HealthStatus;
  /** Why it is not healthy; empty when it is. */
  readonly problems: readonly string[];
  readonly state: EndpointState;
  readonly connected: boolean;
  readonly receivers: readonly ReceiverHealth[];
  readonly counts: MessageCounts;
  /** Whether everything fails and messages are tried one at a time. */
  readonly rateLimited: boolean;
  /** Topics that the queue is subscribed to although nothing handles them, as found at start. */
  readonly staleSubscriptions: readonly string[];
}

/** Since the start of this endpoint. */
export interface MessageCounts {
  handled: number;
  /** Failed attempts, retries included. */
  failed: number;
  movedToError: number;
  delayed: number;
  discarded: number;
  expired: number;
  deduplicated: number;
  /** Attempts that lost a saga to another message and were repeated; they count as nothing else. */
  conflicts: number;
}

/** A handler that runs longer than this without any message of its receiver being settled is worth a look. */
const stalledAfterMs = 60_000;

/** What health is computed from. */
export interface HealthFacts {
  readonly state: EndpointState;
  readonly connected: boolean;
  readonly transportProblem: string | undefined;
  readonly criticalProblem: string | undefined;
  readonly persistenceProblem: string | undefined;
  readonly receivers: readonly ReceiverHealth[];
  readonly counts: MessageCounts;
  readonly rateLimited: boolean;
  readonly staleSubscriptions: readonly string[];
}

/** Judges the facts. */
export function judgeHealth(facts: HealthFacts): EndpointHealth {
  const grave: string[] = [];
  const slight: string[] = [];
  if (facts.state !== 'running') grave.push(`the endpoint is ${facts.state}`);
  if (!facts.connected)
    grave.push(`the transport is not connected: ${facts.transportProblem ?? 'unknown reason'}`);
  else if (facts.transportProblem !== undefined) slight.push(facts.transportProblem);
  if (facts.criticalProblem !== undefined) grave.push(facts.criticalProblem);
  if (facts.persistenceProblem !== undefined) slight.push(facts.persistenceProblem);
  for (const receiver of facts.receivers) {
    if (receiver.paused !== undefined)
      grave.push(`queue "${receiver.queue}" is not received: ${receiver.paused}`);
    if (receiver.heldUp !== undefined) slight.push(`queue "${receiver.queue}": ${receiver.heldUp}`);
    if (receiver.inFlight > 0 && receiver.msSinceProgress > stalledAfterMs) {
      slight.push(
        `queue "${receiver.queue}": no message settled for ${Math.round(receiver.msSinceProgress / 1_000)} s while ${receiver.inFlight} are in handlers`,
      );
    }
  }
  if (facts.rateLimited) slight.push('everything fails: messages are tried one at a time');
  if (facts.staleSubscriptions.length > 0) {
    slight.push(`subscribed without a handler: ${facts.staleSubscriptions.join(', ')}`);
  }
  const { state, connected, receivers, counts, rateLimited, staleSubscriptions } = facts;
  return {
    status: grave.length > 0 ? 'unhealthy' : slight.length > 0 ? 'degraded' : 'healthy',
    problems: [...grave, ...slight],
    state,
    connected,
    receivers,
    counts: { ...counts },
    rateLimited,
    staleSubscriptions,
  };
}
