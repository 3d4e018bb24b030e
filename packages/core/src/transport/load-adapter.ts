import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BusbarError } from '../errors.ts';
import { packageCopies } from '../message/package-copies.ts';
import { installCommand } from './install-command.ts';
import { incompatible, transportOf } from './transport-module.ts';
import type { Transport } from './transport.ts';

/**
 * Loads the adapter package of `url` from the application and makes the transport. An import from here would look
 * where the core lies, and a package manager that is strict about dependencies puts no adapter there.
 *
 * @throws BusbarError MISSING_PACKAGE, INCOMPATIBLE_PACKAGE, or what the adapter has against the URL
 */
export async function loadAdapter(
  packageName: string,
  url: string,
  from: string | URL | undefined,
): Promise<Transport> {
  const entry = findEntry(packageName, from === undefined ? applicationPlaces() : [pathOf(from)]);
  const copies = new Set(packageCopies());
  const module = await importEntry(packageName, entry);
  const another = packageCopies().find((copy) => !copies.has(copy));
  if (another !== undefined) throw secondCopy(packageName, another);
  return transportOf(module, packageName, url);
}

/** Where the application may be: its main module, also as a link points to it, else the working directory. */
function applicationPlaces(): readonly string[] {
  const main = process.argv[1];
  if (main === undefined) return [process.cwd()];
  return [...new Set([main, realPath(main), process.cwd()])];
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function pathOf(from: string | URL): string {
  return String(from).startsWith('file:') ? fileURLToPath(from) : resolve(String(from));
}

function findEntry(packageName: string, places: readonly string[]): string {
  for (const place of places) {
    try {
      // One name below, so that the place may be a directory as well as a file.
      return createRequire(join(place, '_')).resolve(packageName);
    } catch (error) {
      if (!isMissing(error, packageName)) {
        throw incompatible(packageName, 'is installed and cannot be found all the same', error);
      }
    }
  }
  throw missing(packageName, places);
}

function isMissing(error: unknown, packageName: string): boolean {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const isNotFound = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  return isNotFound && message?.includes(`'${packageName}'`) === true;
}

function missing(packageName: string, places: readonly string[]): BusbarError {
  const [place = process.cwd()] = places;
  return new BusbarError('MISSING_PACKAGE', `${packageName} is not installed.`, {
    help: `Run \`${installCommand(packageName, place)}\` in the application; it was looked for from ${places.join(', ')}. If the application is elsewhere, write \`transportFrom(url, { from: import.meta.url })\`.`,
    details: { package: packageName, places },
  });
}

async function importEntry(packageName: string, entry: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(entry).href);
  } catch (error) {
    const dependency = missingDependency(error);
    if (dependency !== undefined) {
      throw new BusbarError(
        'MISSING_PACKAGE',
        `${packageName} needs ${dependency}, which is not installed.`,
        {
          help: `Run \`${installCommand(dependency, entry)}\` in the application.`,
          cause: error,
          details: { package: dependency, neededBy: packageName },
        },
      );
    }
    // A name that the core does not export is a SyntaxError: the two are of different versions.
    throw incompatible(packageName, `could not be loaded: ${String(error)}`, error);
  }
}

function missingDependency(error: unknown): string | undefined {
  const { code, message = '' } = error as { readonly code?: string; readonly message?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return /Cannot find package '([^']+)'/.exec(message)?.[1];
}

function secondCopy(packageName: string, copy: string): BusbarError {
  return new BusbarError(
    'INCOMPATIBLE_PACKAGE',
    `${packageName} brought a second copy of @busbar/core along: ${copy}.`,
    {
      help: 'Install equal versions of all @busbar packages, and let the package manager merge them: `npm dedupe`, `pnpm dedupe`. Where a bundler is used, leave all @busbar packages out of the bundle.',
      details: { package: packageName, copy, copies: packageCopies() },
    },
  );
}
