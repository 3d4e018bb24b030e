import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from '../docs/pages.ts';

/** Files below a folder of the repository whose path from there matches; installed and built ones are left out. */
export function filesBelow(folder: string, matching: RegExp): readonly string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file) && matching.test(file))
    .map((file) => `${folder}/${file}`)
    .sort();
}

export function readText(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
