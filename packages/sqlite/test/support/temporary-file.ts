import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A path for a database in a folder of its own. */
export interface TemporaryFile extends Disposable {
  readonly path: string;
  readonly folder: string;
}

export function temporaryFile(name = 'bus.db'): TemporaryFile {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-sqlite-'));
  return {
    folder,
    path: join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
