import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.ts';

const folder = join(import.meta.dirname, 'scenarios');

/** All scenarios, in the order of their names. Whatever lies in the folder is one: there is no list to keep. */
export async function allScenarios(): Promise<readonly Scenario[]> {
  const files = readdirSync(folder).filter((file) => /^[^.]+\.[jt]s$/.test(file));
  const families = await Promise.all(files.toSorted().map(load));
  return families.flat();
}

/** @throws Error that lists the names when there is none of this one. */
export async function scenarioNamed(name: string): Promise<Scenario> {
  const scenarios = await allScenarios();
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const names = scenarios.map((scenario) => scenario.name).join(', ');
  throw new Error(`There is no scenario "${name}"; there are ${names}.`);
}

interface ScenarioFile {
  readonly scenario?: Scenario;
  readonly scenarios?: readonly Scenario[];
}

async function load(file: string): Promise<readonly Scenario[]> {
  const module = (await import(pathToFileURL(join(folder, file)).href)) as ScenarioFile;
  return module.scenarios ?? (module.scenario === undefined ? [] : [module.scenario]);
}
