import { Buffer } from 'node:buffer';
import { headerNames } from '@busbar/core';
import type { InputCase } from './input-case.ts';
import type { Outcome } from './intake.ts';
import { predict } from './oracle.ts';
import { trackingHeader, typesByName } from './messages.ts';
import type { Variant } from './variants.ts';

/** What an error copy may have that was not received, or have otherwise; all else is as it came. */
const changed: ReadonlySet<string> = new Set([
  headerNames.copy,
  headerNames.failedQueue,
  headerNames.failedAt,
  headerNames.failureCode,
  headerNames.failureType,
  headerNames.failureMessage,
  headerNames.failureStack,
  headerNames.failureAttempts,
  headerNames.failureHandler,
  headerNames.processingEndpoint,
  headerNames.processingHost,
]);
/** Of no use to a failed message: it must not expire, and a replay starts afresh. */
const dropped: ReadonlySet<string> = new Set([
  headerNames.expiresAt,
  headerNames.delayedAttempts,
  headerNames.deliverAt,
]);

/** What is wrong with what became of a case; nothing is undefined. */
export function checkOutcome(outcome: Outcome, variant: Variant): string | undefined {
  const { input, ends, errors, handled } = outcome;
  if (input.mayExpire === true && ends[0] === 'dead-lettered') {
    if (ends.length > 1) return `has ended as [${ends.join()}]`;
    return errors.length + handled.length > 0 ? 'was seen although it had expired' : undefined;
  }
  const prediction = predict(asItWent(outcome), variant);
  const wanted = prediction.outcome === 'error' ? 'moved-to-error' : prediction.outcome;
  if (ends.length !== 1 || ends[0] !== wanted) {
    const codes = errors.map(({ headers }) => headers[headerNames.failureMessage]);
    return `should be ${wanted} once, but is [${ends.join()}] ${codes.join()}`;
  }
  if (prediction.outcome === 'error') return checkError(outcome, prediction.code);
  if (errors.length > 0) return 'is in the error queue, too';
  if (prediction.outcome === 'expired') {
    return handled.length > 0 ? 'was handled although it had expired' : undefined;
  }
  const [only] = handled;
  if (only === undefined || handled.length > 1) return `was handled ${handled.length} times`;
  if (Object.getPrototypeOf(only.message) !== typesByName.get(prediction.type)?.prototype) {
    return `is no ${prediction.type}`;
  }
  const json = JSON.stringify(only.message);
  return json === prediction.json ? undefined : `came as ${json.slice(0, 200)}`;
}

function asItWent({ input, errors }: Outcome): InputCase {
  const { mayBeRefusedAs } = input;
  const [copy] = errors;
  const refused =
    mayBeRefusedAs !== undefined && copy?.headers[headerNames.failureCode] === mayBeRefusedAs;
  return refused ? { ...input, refusedAs: mayBeRefusedAs } : input;
}

function checkError(outcome: Outcome, code: string | undefined): string | undefined {
  const [copy, ...more] = outcome.errors;
  if (copy === undefined || more.length > 0) return `has ${more.length + 1} error copies`;
  const { headers, body } = copy;
  if (Buffer.compare(body, outcome.input.body) !== 0) {
    return `has other bytes: ${body.length} instead of ${outcome.input.body.length}`;
  }
  if (headers[headerNames.failureCode] !== code) {
    return `has the code ${headers[headerNames.failureCode]} instead of ${code}: ${headers[headerNames.failureMessage]}`;
  }
  for (const name of [
    headerNames.failureMessage,
    headerNames.failureType,
    headerNames.failedQueue,
    headerNames.failedAt,
    headerNames.failureAttempts,
  ]) {
    if ((headers[name] ?? '') === '') return `says no ${name}`;
  }
  return checkHeaders(outcome, headers);
}

function checkHeaders(
  { input, nativeId }: Outcome,
  copy: Readonly<Record<string, string>>,
): string | undefined {
  const wanted = new Map(Object.entries(input.readable?.(input.headers) ?? input.headers));
  if ((wanted.get(headerNames.messageId) ?? '') === '') {
    if (nativeId === undefined)
      wanted.set(headerNames.messageId, copy[headerNames.messageId] ?? '');
    else wanted.set(headerNames.messageId, nativeId);
  }
  for (const name of dropped) wanted.delete(name);
  const found = new Map(Object.entries(copy));
  for (const name of changed) {
    wanted.delete(name);
    found.delete(name);
  }
  for (const [name, value] of wanted) {
    if (found.get(name) !== value) {
      return `has the header ${JSON.stringify(name)} as ${JSON.stringify(found.get(name))}`;
    }
    found.delete(name);
  }
  const [extra] = found.keys();
  return extra === undefined || extra === trackingHeader
    ? undefined
    : `has the header ${JSON.stringify(extra)} that nobody wrote`;
}
