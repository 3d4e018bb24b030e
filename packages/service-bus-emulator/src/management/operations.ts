import { BrokerFault } from '../broker/broker-fault.ts';
import { peekMessages, receiveDeferred } from './browsing.ts';
import { renewLock, updateDisposition } from './locks.ts';
import type {
  ManagementContext,
  ManagementOperation,
  ManagementResponse,
} from './management-operation.ts';
import { addRule, enumerateRules, removeRule } from './rules.ts';
import { cancelScheduled, scheduleMessages } from './scheduling.ts';
import { getSessionState, listSessions, renewSessionLock, setSessionState } from './sessions.ts';

const prefix = 'com.microsoft:';

const operations: ReadonlyMap<string, ManagementOperation> = new Map([
  ['renew-lock', renewLock],
  ['update-disposition', updateDisposition],
  ['schedule-message', scheduleMessages],
  ['cancel-scheduled-message', cancelScheduled],
  ['peek-message', peekMessages],
  ['receive-by-sequence-number', receiveDeferred],
  ['renew-session-lock', renewSessionLock],
  ['get-session-state', getSessionState],
  ['set-session-state', setSessionState],
  ['get-message-sessions', listSessions],
  ['add-rule', addRule],
  ['remove-rule', removeRule],
  ['enumerate-rules', enumerateRules],
]);

/** @throws BrokerFault */
export function performOperation(context: ManagementContext): ManagementResponse {
  const { operation: name } = context.request;
  const operation = name.startsWith(prefix) ? operations.get(name.slice(prefix.length)) : undefined;
  if (operation === undefined) {
    throw new BrokerFault(
      'amqp:not-implemented',
      501,
      `The emulator has no management operation '${name}'.`,
    );
  }
  return operation(context);
}
