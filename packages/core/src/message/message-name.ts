import { BusbarError } from '../errors.ts';

const maxLength = 200;

/** What would break a list of names in a header, a log line, or an entity name of a broker. */
const forbidden = /[\s\p{Cc}\p{Cf}\p{Cs};,]/u;

/**
 * Checks a wire name when it is declared, before it is part of any message.
 *
 * @throws BusbarError INVALID_MESSAGE_NAME
 */
export function checkMessageName(name: unknown): asserts name is string {
  if (typeof name !== 'string')
    throw invalid(name, `is ${name === null ? 'null' : typeof name}, not a string`);
  if (name === '') throw invalid(name, 'is empty');
  if (name.length > maxLength)
    throw invalid(name, `has ${name.length} characters, more than ${maxLength}`);
  const found = forbidden.exec(name);
  if (found !== null) {
    const code = found[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    throw invalid(name, `has a forbidden character (U+${code}) at position ${found.index}`);
  }
}

function invalid(name: unknown, reason: string): BusbarError {
  const shown = typeof name === 'string' ? `${JSON.stringify(name.slice(0, 60))} ` : '';
  return new BusbarError('INVALID_MESSAGE_NAME', `The message name ${shown}${reason}.`, {
    details: { name: typeof name === 'string' ? name.slice(0, maxLength) : typeof name },
  });
}
