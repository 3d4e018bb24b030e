import { BusbarError, type Transport, urlOptions } from '@busbar/core';
import { optionNames } from './sqlite-options.ts';
import { sqliteTransport } from './sqlite-transport.ts';

/** The version of the core's transport port that this package was written for; `transportFrom` refuses another one. */
export const transportApiVersion = 1;

/**
 * The transport that a URL names: `sqlite:.busbar/dev.db` (relative to the working directory), `sqlite:/var/lib/shop.db`
 * or `sqlite:///var/lib/shop.db`, with options as in `sqlite:shop.db?durability=normal&leaseMs=60000`. A question mark
 * or a percent sign of the path itself is percent-encoded.
 *
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION
 */
export function fromUrl(url: string): Transport {
  if (!/^sqlite:/i.test(url)) throw invalid(url, 'does not begin with "sqlite:"');
  const rest = url.slice('sqlite:'.length);
  const question = rest.indexOf('?');
  const path = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? '' : rest.slice(question + 1);
  const options = urlOptions(query, { url: `The URL "${url}"`, names: optionNames });
  return sqliteTransport({ ...options, file: fileIn(path, url) });
}

function fileIn(path: string, url: string): string {
  if (path.includes('#')) throw invalid(url, 'has a "#"; write %23 if it belongs to the path');
  let file = path;
  if (path.startsWith('//')) {
    // As in file URLs: what stands between the second and the third slash is a host, and there is none.
    file = path.slice(2);
    if (!file.startsWith('/')) {
      throw invalid(url, `names a host; for a relative path write "sqlite:${file}"`);
    }
  }
  if (file === '') throw invalid(url, 'names no file; write for example "sqlite:.busbar/dev.db"');
  try {
    return decodeURIComponent(file);
  } catch {
    throw invalid(url, 'has a "%" that encodes nothing; write %25 if it belongs to the path');
  }
}

function invalid(url: string, why: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `The URL "${url}" ${why}.`, { details: { url } });
}
