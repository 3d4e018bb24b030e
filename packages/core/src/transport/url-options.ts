import { BusbarError } from '../errors.ts';

/** How the query of a transport's URL is read. */
export interface UrlOptionsReading {
  /** What errors call the URL, such as `The RabbitMQ URL`. */
  readonly url: string;
  /** The parameters that there are. */
  readonly names: readonly string[];
  /**
   * A value as the option takes it.
   *
   * @default whole numbers become numbers, all else stays text
   */
  readonly read?: (name: string, text: string) => string | number | boolean;
}

/**
 * The options that stand in the query of a transport's URL, for adapters; their values are checked where options are.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION for a parameter that is there twice
 */
export function urlOptions(
  query: string | URLSearchParams,
  { url, names, read = numberOrText }: UrlOptionsReading,
): Record<string, string | number | boolean> {
  const options: Record<string, string | number | boolean> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    if (!names.includes(name)) {
      throw new BusbarError('UNKNOWN_OPTION', `${url} has the parameter "${name}".`, {
        help: `The parameters are ${names.join(', ')}.`,
        details: { option: name },
      });
    }
    if (Object.hasOwn(options, name)) {
      throw new BusbarError('INVALID_CONFIGURATION', `${url} has the parameter "${name}" twice.`, {
        help: 'Leave one of them away.',
        details: { option: name },
      });
    }
    options[name] = read(name, text);
  }
  return options;
}

function numberOrText(_name: string, text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
