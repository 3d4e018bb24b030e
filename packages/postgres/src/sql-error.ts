import { BusbarError } from '@busbar/core';
import { unwrapPrismaError } from './prisma/prisma-error.ts';

/** What PostgreSQL said, wherever a library has put it. */
export interface SqlError {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly constraint: string | undefined;
}

/** SQLSTATEs, by their beginning, of a database that cannot be used for now. */
const outageStates = [
  '08', // connection exceptions
  '53', // no disk, memory or connections left
  '57P01', // shut down, by an operator or with the server
  '57P02',
  '57P03', // starting up, or shutting down
  '57P05', // idle for too long
  '58', // the disk or the system
  '25006', // read only: a standby, or a primary that was replaced
];

/** Of Node, and of libraries that have codes of their own. */
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOENT', // a Unix socket that is not there
  'P1001', // Prisma: cannot reach, timed out, closed by the server, no connection free in its pool
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2037',
]);

const outageNames = new Set(['KnexTimeoutError']);

/**
 * Errors of `pg` and its pool have no code. "Client has encountered a connection error" is none of them: it comes after the
 * reason, which may be that the handler took too long, and the next attempt finds out.
 */
const outageTexts = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^timeout expired$/,
  /^Client was closed and is not queryable/,
  /^Cannot use a pool after calling end on the pool/,
];

/** A serialization failure, a deadlock, and Prisma for both. */
const conflictStates = new Set(['40001', '40P01', 'P2034']);

/** The database ended a connection because its transaction took too long: that is the handler's, and no outage. */
const tooLongStates = new Set(['25P03', '25P04']);

/** The error of the database in an error or its causes; undefined where there is none. */
export function sqlErrorOf(error: unknown): SqlError | undefined {
  for (const each of causesOf(error)) {
    const { code, message, constraint } = each;
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || /^[PE]/.test(code)) continue;
    return {
      code,
      message: typeof message === 'string' ? message : '',
      constraint: typeof constraint === 'string' ? constraint : undefined,
    };
  }
  return undefined;
}

/** Whether an error, or one of its causes, means that the transaction lost against another and may be tried again. */
export function isConflict(error: unknown): boolean {
  return causesOf(error).some((each) => {
    if (each instanceof BusbarError) return each.code === 'TRANSACTION_CONFLICT';
    return conflictStates.has(each.code as string);
  });
}

/** Whether an error, or one of its causes, means that the database cannot be used for now. */
export function isOutage(error: unknown): boolean {
  const causes = causesOf(error);
  if (causes.some(({ code }) => tooLongStates.has(code as string))) return false;
  return causes.some((each) => {
    if (each instanceof BusbarError) return each.code === 'PERSISTENCE_UNAVAILABLE';
    const { code, message, name } = each;
    if (typeof code === 'string') {
      if (outageCodes.has(code)) return true;
      if (/^[0-9A-Z]{5}$/.test(code)) return outageStates.some((state) => code.startsWith(state));
    }
    if (typeof name === 'string' && outageNames.has(name)) return true;
    return typeof message === 'string' && outageTexts.some((text) => text.test(message));
  });
}

/** Why it is an outage, in a sentence without end. */
export function describeOutage(error: unknown): string {
  // An attempt at several addresses has no message of its own.
  for (const { message } of causesOf(error)) {
    if (typeof message === 'string' && message !== '') return message.replace(/\.$/, '');
  }
  return 'no reason was given';
}

interface ErrorLike {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly name?: unknown;
  readonly constraint?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

const mostCauses = 20;

/** The error, its causes, and those of several attempts. */
function causesOf(error: unknown): readonly ErrorLike[] {
  const found: ErrorLike[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && found.length < mostCauses) {
    const each = unwrapPrismaError(waiting.shift());
    if (typeof each !== 'object' || each === null || found.includes(each)) continue;
    const like: ErrorLike = each;
    found.push(like);
    waiting.push(like.cause);
    if (Array.isArray(like.errors)) waiting.push(...(like.errors as unknown[]));
  }
  return found;
}
