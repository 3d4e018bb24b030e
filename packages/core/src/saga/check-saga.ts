import { BusbarError } from '../errors.ts';
import type { SagaBinding, SagaDescription } from './saga-description.ts';
import { isSagaFinder } from './saga-finder.ts';

/**
 * Finds what is wrong with a saga before any message comes.
 *
 * @throws BusbarError INVALID_SAGA
 */
export function checkSaga(saga: SagaDescription): void {
  const bound = new Map<string, SagaBinding>();
  for (const binding of saga.bindings) {
    const { name } = binding.messageDefinition;
    const earlier = bound.get(name);
    if (earlier !== undefined) throw boundTwice(saga, earlier, binding);
    bound.set(name, binding);
    checkFinds(saga, binding);
    checkKind(saga, binding);
  }
  if (saga.bindings.some(({ role }) => role === 'startedBy')) return;
  throw invalid(saga, 'is started by nothing', 'Add startedBy with the message that starts it.');
}

function checkFinds(
  saga: SagaDescription,
  { role, correlate, messageDefinition }: SagaBinding,
): void {
  if (role === 'onReply' || role === 'onTimeout') return;
  const what = `${role}(${messageDefinition.name})`;
  if (isSagaFinder(correlate)) return;
  if (typeof correlate !== 'function') {
    const help =
      'Give it a function that takes the correlation value from the message, or finder(…).';
    throw invalid(saga, `has ${what} without a correlation function`, help);
  }
  if (saga.correlation !== undefined) return;
  const help = 'Name the property of the state, as `correlation`, or give finder(…) instead.';
  throw invalid(saga, `correlates ${what} but has no \`correlation\` property`, help);
}

function checkKind(saga: SagaDescription, { role, messageDefinition }: SagaBinding): void {
  const { name, kind } = messageDefinition;
  if ((role !== 'onReply' && role !== 'onTimeout') || kind === 'message') return;
  const help =
    role === 'onReply'
      ? 'Handle it with continuedBy, or declare it with Message().'
      : 'Declare the timeout with Message().';
  throw invalid(
    saga,
    `has ${role}(${name}), but ${name} is ${kind === 'event' ? 'an' : 'a'} ${kind}`,
    help,
  );
}

function boundTwice(
  saga: SagaDescription,
  { role: first, messageDefinition }: SagaBinding,
  { role: second }: SagaBinding,
): BusbarError {
  const { name } = messageDefinition;
  if (first === second) {
    return invalid(saga, `has ${first}(${name}) twice`, 'Leave one of the two out.');
  }
  const isTimeout = first === 'onTimeout' || second === 'onTimeout';
  const help = isTimeout
    ? 'Give the timeout a type of its own.'
    : 'startedBy and continuedBy get replies as well, and startedBy finds what is started: keep that one.';
  return invalid(saga, `handles ${name} by ${first} and by ${second}`, help);
}

function invalid({ name }: SagaDescription, what: string, help: string): BusbarError {
  return new BusbarError('INVALID_SAGA', `The saga ${name} ${what}.`, {
    help,
    details: { saga: name },
  });
}
