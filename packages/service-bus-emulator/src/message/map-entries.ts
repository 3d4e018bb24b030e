import type { Typed } from './amqp-types.ts';

/** The entries of a map with their types; none of what is no map. */
export function mapEntries(map: Typed | undefined): Map<string, Typed> {
  const items = Array.isArray(map?.value) ? (map.value as Typed[]) : [];
  const entries = new Map<string, Typed>();
  for (let index = 0; index + 1 < items.length; index += 2) {
    entries.set(String((items[index] as Typed).value), items[index + 1] as Typed);
  }
  return entries;
}
