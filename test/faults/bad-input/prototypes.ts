/** Everything that all objects share, so that a change anywhere in it shows. */
const shared: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
  Promise.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
  Error.prototype,
  Uint8Array.prototype,
  Object,
  Array,
  Function,
];

type Snapshot = readonly (readonly [
  owner: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
])[];

export function snapshotOfPrototypes(): Snapshot {
  return shared.flatMap((owner) =>
    Reflect.ownKeys(owner).map(
      (key) => [owner, key, Object.getOwnPropertyDescriptor(owner, key)!] as const,
    ),
  );
}

/** The properties that are new, gone or different. */
export function changesSince(before: Snapshot): readonly string[] {
  const after = snapshotOfPrototypes();
  const find = (snapshot: Snapshot, owner: object, key: PropertyKey) =>
    snapshot.find((entry) => entry[0] === owner && entry[1] === key)?.[2];
  const changes: string[] = [];
  for (const [owner, key, descriptor] of before) {
    if (!same(descriptor, find(after, owner, key))) changes.push(String(key));
  }
  for (const [owner, key] of after) {
    if (find(before, owner, key) === undefined) changes.push(String(key));
  }
  return changes;
}

function same(one: PropertyDescriptor, other: PropertyDescriptor | undefined): boolean {
  if (other === undefined) return false;
  return (['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const).every((key) =>
    Object.is(one[key], other[key]),
  );
}
