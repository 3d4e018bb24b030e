import { invalidArgument } from '../../broker/broker-fault.ts';

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
}

const patterns: readonly { kind: Token['kind'] | 'space'; pattern: RegExp }[] = [
  { kind: 'space', pattern: /\s+/y },
  { kind: 'string', pattern: /'(?:[^']|'')*'/y },
  { kind: 'quoted', pattern: /\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"/y },
  { kind: 'number', pattern: /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y },
  { kind: 'parameter', pattern: /@[A-Za-z_][\w$]*/y },
  { kind: 'word', pattern: /[\p{L}_$][\p{L}\p{N}_$#@]*/uy },
  { kind: 'symbol', pattern: /<>|!=|<=|>=|[-=<>+*/%().,;]/y },
];

/** @throws BrokerFault at a character that begins nothing */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    if (token === undefined) {
      throw invalidArgument(
        `Unexpected '${text[at]}' at position ${at} of the expression '${text}'.`,
      );
    }
    if (token.kind !== 'space') tokens.push({ kind: token.kind, text: token.text, at });
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

function tokenAt(
  text: string,
  at: number,
): { kind: Token['kind'] | 'space'; text: string } | undefined {
  for (const { kind, pattern } of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { kind, text: match[0] };
  }
  return undefined;
}
