import { BusbarError, packageCopies } from '@busbar/core';
import { Container } from 'inversify';
import type { InversifyOptions } from './inversify.ts';

const dedupe =
  'Find the copies with `npm ls` or `pnpm why`, and merge them with `npm dedupe` or `pnpm dedupe`.';

/** @throws BusbarError INVALID_CONFIGURATION, INCOMPATIBLE_PACKAGE */
export function checkContainer(container: unknown): void {
  if (container instanceof Container) return;
  const { get, getAsync, bind } = (container ?? {}) as Partial<Record<keyof Container, unknown>>;
  if ([get, getAsync, bind].every((method) => typeof method === 'function')) {
    throw new BusbarError(
      'INCOMPATIBLE_PACKAGE',
      'The container was made by another copy of inversify than the one that @busbar/inversify uses.',
      { help: `Use one copy of inversify 8. ${dedupe}`, details: { package: 'inversify' } },
    );
  }
  throw new BusbarError('INVALID_CONFIGURATION', 'What inversify() was given is no container.', {
    help: 'Write inversify(container), with a `new Container()` of inversify.',
  });
}

/** @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION */
export function checkOptions(options: InversifyOptions): void {
  const { scope = 'root', ...others } = options;
  const unknown = Object.keys(others).find((name) => name !== 'bindMessage');
  if (unknown !== undefined) {
    throw new BusbarError('UNKNOWN_OPTION', `inversify() has no option "${unknown}".`, {
      help: 'Its options are scope and bindMessage.',
      details: { option: unknown },
    });
  }
  if (scope !== 'root' && scope !== 'container') {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `The option \`scope\` of inversify() is ${JSON.stringify(scope)}.`,
      { help: "Write 'root' or 'container'.", details: { setting: 'scope', value: scope } },
    );
  }
  if (scope === 'root' && 'bindMessage' in others) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      'The option `bindMessage` of inversify() binds in the container of a message, and there is none.',
      {
        help: "Add `scope: 'container'`, or bind with bindMessageScoped(container, …) and without a container per message.",
        details: { setting: 'bindMessage' },
      },
    );
  }
}

/** @throws BusbarError INCOMPATIBLE_PACKAGE */
export function checkCopies(): void {
  const copies = packageCopies();
  if (copies.length < 2) return;
  throw new BusbarError(
    'INCOMPATIBLE_PACKAGE',
    `There are ${copies.length} copies of @busbar/core in this process: ${copies.join(', ')}.`,
    {
      help: `Install equal versions of all @busbar packages. ${dedupe}`,
      details: { package: '@busbar/core', copies },
    },
  );
}
