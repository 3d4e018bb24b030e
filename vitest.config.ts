import { availableParallelism } from 'node:os';
import { transform } from 'esbuild';
import { defaultServerConditions, type Plugin } from 'vite';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { SkippedTests } from './test/support/skipped-tests-reporter.ts';

// The launchers of a package manager name the packages of this workspace in it, which an application does not have.
delete process.env['NODE_PATH'];

const sourceCondition = '@busbar/source';
// What packages offer to bundlers under "module" need not be what Node can load, and Node is who loads it here.
const serverConditions = defaultServerConditions.filter((condition) => condition !== 'module');

type Decorators = 'legacy' | 'metadata' | 'standard';

// Metadata is off nearly everywhere, so that code which leans on it fails here and not at a user's.
function project(
  name: string,
  include: string[],
  options: { exclude?: string[]; decorators?: Decorators; brokers?: false } = {},
): TestProjectInlineConfiguration {
  const decorators = options.decorators ?? 'legacy';
  return {
    ...(decorators === 'standard'
      ? { oxc: false, plugins: [standardDecorators()] }
      : { oxc: { decorator: { legacy: true, emitDecoratorMetadata: decorators === 'metadata' } } }),
    // Replaces the defaults, so they are spread; `resolve.conditions` would have no effect on Node tests.
    ssr: { resolve: { conditions: [sourceCondition, ...serverConditions] } },
    test: {
      name,
      include,
      // Far above what any needs: a busy machine must not fail a test that waits for a signal.
      testTimeout: 20_000,
      exclude: ['**/node_modules/**', '**/dist/**', ...(options.exclude ?? [])],
      // What a worker resolves by itself (threads, child processes) finds the sources too.
      execArgv: [`--conditions=${sourceCondition}`],
      env: { BUSBAR_DECORATORS: decorators },
      ...(options.brokers === false && {
        provide: { brokerHost: '', postgresHost: '' },
      }),
      // Cached modules do not know by which decorator mode they were compiled.
      fsModuleCache: false,
    },
  };
}

// Oxc leaves standard decorators in place and Node cannot read them.
function standardDecorators(): Plugin {
  return {
    name: 'standard-decorators',
    async transform(code, id) {
      const file = id.split('?')[0] ?? id;
      if (!file.endsWith('.ts')) return null;
      const tsconfigRaw = { compilerOptions: { experimentalDecorators: false } };
      return transform(code, {
        loader: 'ts',
        sourcefile: file,
        sourcemap: true,
        target: 'node22',
        tsconfigRaw,
      });
    },
  };
}

const conformance = 'packages/*/test/**/*conformance.test.ts';
/** Tests of one package on the real broker or database. */
const integration = 'packages/{rabbitmq,postgres}/test/**/*.integration.test.ts';
const toolchain = ['test/toolchain/**/*.test.ts'];
const jsonReport = process.env['BUSBAR_TEST_REPORT'];

export default defineConfig({
  test: {
    // Here and in no project, so that they run once. They start a broker and a database when the first test file asks.
    globalSetup: ['test/support/rabbitmq/broker-host.ts', 'test/support/postgres/postgres-host.ts'],
    // Most tests wait for a broker, a file or a process: on two cores the one worker of the default leaves both idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { include: ['packages/*/src/**'] },
    reporters: [
      'default',
      new SkippedTests(),
      ...(jsonReport === undefined
        ? []
        : [['json', { outputFile: jsonReport }] as ['json', object]]),
    ],
    projects: [
      project('unit', ['packages/*/test/**/*.test.ts', 'test/support/**/*.test.ts'], {
        exclude: [conformance, integration],
        brokers: false,
      }),
      project('integration', [integration], { exclude: [conformance] }),
      project('conformance', [conformance]),
      project('acceptance', ['test/acceptance/**/*.test.ts']),
      project('faults', ['test/faults/**/*.test.ts']),
      project('assumptions', ['test/assumptions/**/*.test.ts']),
      project('regressions', ['test/regressions/**/*.test.ts']),
      project('approvals', ['test/approvals/**/*.test.ts']),
      project('docs', ['test/docs/**/*.test.ts']),
      project('decorators-legacy', toolchain),
      project('decorators-metadata', toolchain, { decorators: 'metadata' }),
      project('decorators-standard', toolchain, { decorators: 'standard' }),
    ],
  },
});
