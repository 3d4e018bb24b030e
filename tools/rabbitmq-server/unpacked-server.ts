import {
  chmodSync,
  globSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  existsSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { RabbitMajor } from '../../test/support/rabbitmq/rabbitmq-programs.ts';
import { command } from '../package-checks/command.ts';
import { releases } from './releases.ts';
import { unpackPackages } from './unpacked-packages.ts';

const erlang = 'usr/lib/erlang';

/**
 * Makes a RabbitMQ that runs from where it lies, on the libraries of its own release.
 *
 * @param programs The folder of its programs to be; beside it comes the tree that they need.
 */
export function unpackServer(major: RabbitMajor, programs: string): void {
  const home = path.dirname(programs);
  // Elsewhere first: what is half done must not be found, and two runs may do it at the same time.
  const draft = `${home}.${process.pid}`;
  try {
    const tree = path.join(draft, 'root');
    unpackPackages(releases[major], ['rabbitmq-server', 'patchelf'], tree);
    relocate(tree, path.join(home, 'root'));
    // The version in the name saves asking the programs for it.
    const named = `rabbitmq_server-${serverVersion(tree)}`;
    writePrograms(path.join(draft, named), path.join(home, 'root'));
    symlinkSync(named, path.join(draft, path.basename(programs)));
    if (!existsSync(home)) renameSync(draft, home);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

export function serverVersion(tree: string): string {
  const [server = ''] = globSync('usr/lib/rabbitmq/lib/rabbitmq_server-*', { cwd: tree });
  const version = /-(\d+\.\d+\.\d+)$/.exec(server)?.[1];
  if (version === undefined) throw new Error(`There is no RabbitMQ in ${tree}.`);
  return version;
}

/**
 * Erlang's programs name the machine's own loader and libraries, which may be older than they need: they are made to name
 * the ones of their release. Its start script names where the package would have been installed.
 */
function relocate(tree: string, final: string): void {
  const [loader] = globSync('{,usr/}lib/*/ld-linux-*.so.*', { cwd: tree });
  if (loader === undefined) throw new Error(`There is no loader in ${tree}.`);
  const libraries = [
    path.dirname(loader),
    path.join('usr/lib', path.basename(path.dirname(loader))),
  ];
  const inTree = (root: string): string => libraries.map((each) => path.join(root, each)).join(':');
  const patchelf = (...args: readonly string[]): string => {
    const patcher = ['--library-path', inTree(tree), path.join(tree, 'usr/bin/patchelf')];
    return command(path.join(tree, loader), [...patcher, ...args], { cwd: tree });
  };
  for (const program of programsBelow(path.join(tree, erlang))) {
    // Inherited by what it loads, which the kind that is not forced is not.
    const search = ['--force-rpath', '--set-rpath', inTree(final)];
    patchelf('--set-interpreter', path.join(final, loader), ...search, program);
  }
  for (const script of globSync(`${erlang}/{,erts-*/}bin/erl`, { cwd: tree })) {
    const file = path.join(tree, script);
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replaceAll(`ROOTDIR=/${erlang}`, `ROOTDIR='${path.join(final, erlang)}'`),
    );
  }
}

/** Executable binaries; libraries and scripts are not. */
function programsBelow(folder: string): string[] {
  const files = globSync('**/bin/*', { cwd: folder }).map((file) => path.join(folder, file));
  return files.filter((file) => lstatSync(file).isFile() && startsWith(file, '\u007fELF'));
}

function startsWith(file: string, magic: string): boolean {
  const start = Buffer.alloc(magic.length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, start);
  closeSync(descriptor);
  return start.toString('latin1') === magic;
}

function writePrograms(folder: string, tree: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['rabbitmq-server', 'rabbitmqctl']) {
    const lines = [
      '#!/bin/sh',
      `PATH='${path.join(tree, erlang, 'bin')}':$PATH`,
      'export PATH',
      `exec '${path.join(tree, 'usr/lib/rabbitmq/bin', name)}' "$@"`,
    ];
    const file = path.join(folder, name);
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }
  symlinkSync(path.join(tree, erlang, 'bin/epmd'), path.join(folder, 'epmd'));
}
