import { type BrokerFault, invalidArgument } from '../../broker/broker-fault.ts';
import { type Token, tokenize } from './tokens.ts';

/** The words of an expression, read from left to right. */
export class TokenStream {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  get current(): Token {
    return this.#tokens[this.#position] as Token;
  }

  take(): Token {
    const { current } = this;
    if (current.kind !== 'end') this.#position++;
    return current;
  }

  isWord(word: string): boolean {
    return this.current.kind === 'word' && this.current.text.toUpperCase() === word;
  }

  isSymbol(symbol: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === symbol;
  }

  tryWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#position++;
    return found;
  }

  trySymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.#position++;
    return found;
  }

  expectWord(word: string): void {
    if (!this.tryWord(word)) throw this.unexpected(word);
  }

  expectSymbol(symbol: string): void {
    if (!this.trySymbol(symbol)) throw this.unexpected(`'${symbol}'`);
  }

  /** Whether the token after this one is the symbol. */
  nextIsSymbol(symbol: string): boolean {
    const next = this.#tokens[this.#position + 1];
    return next?.kind === 'symbol' && next.text === symbol;
  }

  unexpected(expected: string): BrokerFault {
    const { kind, text, at } = this.current;
    const found = kind === 'end' ? 'the end' : `'${text}'`;
    return invalidArgument(
      `Expected ${expected} but found ${found} at position ${at} of the expression '${this.#text}'.`,
    );
  }
}
