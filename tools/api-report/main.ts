import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  ExtractorMessageCategory,
} from '@microsoft/api-extractor';

// The public API of each package as a text under review: a change that users can see shows in the diff.
// Reads the declarations of the last build; "--update" writes the reports instead of comparing them.
const root = path.resolve(import.meta.dirname, '../..');
const reports = path.join(root, 'test/approvals/api');
const scratch = path.join(root, 'node_modules/.cache/api-report');
const update = process.argv.includes('--update');

interface Manifest {
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, { readonly types?: string }>>;
}

interface Entry {
  readonly folder: string;
  readonly declarations: string;
  readonly report: string;
}

function entriesOf(folder: string): Entry[] {
  const manifestFile = path.join(folder, 'package.json');
  if (!existsSync(manifestFile)) return [];
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
  if (manifest.private === true) return [];
  return Object.entries(manifest.exports ?? {}).flatMap(([name, { types }]) => {
    if (types === undefined) return [];
    const suffix = name === '.' ? '' : name.slice(1).replaceAll('/', '.');
    const file = `${path.basename(folder)}${suffix}.api.md`;
    return [{ folder, declarations: path.join(folder, types), report: file }];
  });
}

/** Whether the report on disk is what the declarations say. */
function isCurrent(entry: Entry): boolean {
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: path.join(entry.folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: entry.folder,
      mainEntryPointFilePath: entry.declarations,
      newlineKind: 'lf',
      compiler: { overrideTsconfig: compilerOptions() },
      apiReport: {
        enabled: true,
        reportFolder: reports,
        reportTempFolder: scratch,
        reportFileName: entry.report,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // Forgotten exports belong into the report; the rest is the business of the linter and the compiler.
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  let complaints = 0;
  const result = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true;
      const compiler = message.category === ExtractorMessageCategory.Compiler;
      if (message.logLevel !== ExtractorLogLevel.Error && !compiler) return;
      complaints += 1;
      console.log(message.text);
    },
  });
  return complaints === 0 && (update || !result.apiReportChanged);
}

// The extractor brings a compiler of its own, which reads declarations only.
function compilerOptions(): object {
  return {
    compilerOptions: {
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable', 'esnext.decorators'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
    },
  };
}

mkdirSync(scratch, { recursive: true });
mkdirSync(reports, { recursive: true });
const entries = readdirSync(path.join(root, 'packages')).flatMap((name) =>
  entriesOf(path.join(root, 'packages', name)),
);
const stale = entries.filter((entry) => !isCurrent(entry));
const orphans = readdirSync(reports).filter(
  (name) => name.endsWith('.api.md') && !entries.some((entry) => entry.report === name),
);
if (update) for (const name of orphans) rmSync(path.join(reports, name));

const problems = update ? [] : orphans.map((name) => `${name} reports on an entry that is gone.`);
for (const entry of stale) problems.push(`${entry.report} differs from the public API.`);
if (problems.length > 0) {
  console.log(`${problems.join('\n')}\nRun "npm run api -- --update" and review the difference.`);
  process.exitCode = 1;
} else {
  console.log(`${entries.length} API reports are ${update ? 'written' : 'current'}.`);
}
