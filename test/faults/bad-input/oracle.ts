import { type Headers, headerNames } from '@busbar/core';
import type { InputCase, Prediction } from './input-case.ts';
import type { Variant } from './variants.ts';

/** The reply queue of the sender that does exist. */
export const answersQueue = 'answers';

const maxDepth = 100;
const handledTypes = ['Plain', 'Checked', 'CheckedLater', 'Base', 'Ask', 'Picky', 'Good'];
const known = new Set(
  [...handledTypes, 'Derived', 'Unhandled', 'Answer'].map((type) => `Bad.${type}`),
);
const withSchema = new Set(['Bad.Checked', 'Bad.CheckedLater', 'Bad.Good']);

/** What the documentation promises for a message, worked out without any code of the framework. */
export function predict(input: InputCase, variant: Variant): Prediction {
  if (input.refusedAs !== undefined) return error(input.refusedAs);
  const headers = input.readable?.(input.headers) ?? input.headers;
  const expires = headers[headerNames.expiresAt];
  if (expires !== undefined) {
    if (!/^\S+T\S+Z$/.test(expires)) return error('UNDECODABLE');
    const time = new Date(expires).getTime();
    if (!(time > 0 || time <= 0)) return error('UNDECODABLE');
    if (time <= Date.now()) return { outcome: 'expired' };
  }
  let { body } = input;
  const claim = headers[headerNames.claim];
  if (claim !== undefined) {
    if (variant.claims === undefined) return error('MISSING_CLAIM_CHECK');
    if (!/^[\w-][\w.-]{0,127}$/.test(claim)) return error('UNDECODABLE');
    const stored = variant.claims.get(claim);
    if (stored === undefined) return error('CLAIM_NOT_FOUND');
    body = stored;
  }
  const enclosed = headers[headerNames.enclosedTypes] ?? '';
  if (enclosed === '') return error('UNDECODABLE');
  const type = enclosed.split(';').find((name) => known.has(name));
  if (type === undefined) return error('UNKNOWN_MESSAGE_TYPE');
  if (!/^(?:\s*application\/json\s*(?:;.*)?)?$/is.test(headers[headerNames.contentType] ?? '')) {
    return error('UNDECODABLE');
  }
  return predictBody(type, body, headers);
}

function predictBody(type: string, body: Uint8Array, headers: Headers): Prediction {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return error('UNDECODABLE');
  }
  if (isDangerous(value)) return error('UNDECODABLE');
  if (!isRecord(value)) return error('MESSAGE_INVALID');
  if (withSchema.has(type)) {
    const { id, amount } = value;
    if (typeof id !== 'string' || typeof amount !== 'number') return error('MESSAGE_INVALID');
  }
  if (type === 'Bad.Unhandled' || type === 'Bad.Answer') return error('NO_HANDLER');
  if (type === 'Bad.Picky') {
    const { a } = value;
    if (a === undefined || a === null) return error(undefined);
    const { b } = a as { readonly b?: unknown };
    if (b === undefined || b === null) return error(undefined);
  }
  if (type === 'Bad.Ask') {
    const replyTo = headers[headerNames.replyTo] ?? '';
    if (replyTo === '') return error('NO_REPLY_ADDRESS');
    if (replyTo !== answersQueue) return error('UNDELIVERABLE');
  }
  return { outcome: 'handled', type, json: JSON.stringify(value) };
}

/** Goes down without recursion, so that no depth of a body is too much for it. */
function isDangerous(root: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > maxDepth) return true;
    for (const key of Object.keys(value)) {
      if (key === '__proto__' && !Array.isArray(value)) return true;
      const inner = (value as Record<string, unknown>)[key];
      if (key === 'constructor' && isObject(inner) && Object.keys(inner).includes('prototype')) {
        return true;
      }
      open.push({ value: inner, depth: depth + 1 });
    }
  }
  return false;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value);
}

function error(code: string | undefined): Prediction {
  return { outcome: 'error', code };
}
