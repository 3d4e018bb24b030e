import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type InversifyOptions, inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { expect, test } from 'vitest';

test.each<[string, unknown, string, string]>([
  ['an unknown option', { scoped: 'root' }, 'UNKNOWN_OPTION', 'scoped'],
  ['an unknown scope', { scope: 'message' }, 'INVALID_CONFIGURATION', '"message"'],
  [
    'bindings of messages without containers for them',
    { bindMessage: () => {} },
    'INVALID_CONFIGURATION',
    "scope: 'container'",
  ],
])('should refuse %s', (_what, options, code, text) => {
  expect(() => inversify(new Container(), options as InversifyOptions)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(text) }),
  );
});

test.each([undefined, {}, { get: () => {} }])('should refuse %j as a container', (container) => {
  expect(() => inversify(container as unknown as Container)).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
  );
});

test('should refuse the container of another copy of inversify', async () => {
  const entry = createRequire(import.meta.url).resolve('inversify');
  const implementation = createRequire(entry).resolve('@inversifyjs/container');
  const file = join(dirname(implementation), 'container/services/Container.js');
  const copy = (await import(`${pathToFileURL(file).href}?another-copy`)) as {
    readonly Container: typeof Container;
  };
  const container = new copy.Container();
  expect(container).not.toBeInstanceOf(Container);
  expect(() => inversify(container)).toThrow(
    expect.objectContaining({
      code: 'INCOMPATIBLE_PACKAGE',
      message: expect.stringMatching(/another copy of inversify.*pnpm dedupe/),
    }),
  );
});
