import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { StoreFile } from '../src/store/store-file.ts';
import { TopologyTable } from '../src/store/topology.ts';
import { temporaryFile } from './support/temporary-file.ts';

const temporary = temporaryFile();
const file = new StoreFile(temporary.path, 'normal');
const names = ['a', 'b', 'c'];
const topics = ['x', 'y', 'z'];

afterAll(() => {
  file.close();
  temporary[Symbol.dispose]();
});

/** All that it says. */
function said(topology: TopologyTable): unknown {
  return {
    queues: names.map((name) => topology.find(name)),
    byId: names.map((name) => topology.byId(topology.find(name)?.id ?? -1)),
    subscribers: topics.map((topic) =>
      [...topology.subscribersOf([topic])].sort((a, b) => a.id - b.id),
    ),
    missing: topology.subscribersOf(['missing']),
    elsewhere: names.map((name) => topology.receivedElsewhere([topology.find(name)?.id ?? -1])),
  };
}

type Step = (ours: TopologyTable, other: TopologyTable) => void;

const name = fc.constantFrom(...names);
const some = fc.subarray(topics, { minLength: 1 });
/** What is done by us, and now and then by another process. */
const changes: fc.Arbitrary<(topology: TopologyTable) => void> = fc.oneof(
  fc.tuple(name, fc.boolean()).map(
    ([queue, ordered]) =>
      (topology: TopologyTable): void =>
        topology.provision([{ name: queue, ordered, expiresUnusedMs: 5 }], 1),
  ),
  fc.tuple(name, some).map(([queue, few]) => (topology: TopologyTable): void => {
    if (topology.find(queue) !== undefined) topology.subscribe(queue, few);
  }),
  fc.tuple(name, some).map(([queue, few]) => (topology: TopologyTable): void => {
    if (topology.find(queue) !== undefined) topology.unsubscribe(queue, few);
  }),
  name.map((queue) => (topology: TopologyTable): void => {
    const entry = topology.find(queue);
    if (entry !== undefined) topology.receiverStarted(entry.id);
  }),
  name.map((queue) => (topology: TopologyTable): void => {
    const entry = topology.find(queue);
    if (entry !== undefined) topology.receiverStopped(entry.id, 1);
  }),
  name.map((queue) => (topology: TopologyTable): void => {
    const entry = topology.find(queue);
    if (entry !== undefined) topology.remove(entry);
  }),
);
const steps: fc.Arbitrary<Step> = fc.tuple(changes, fc.integer({ min: 0, max: 3 })).map(
  ([change, who]): Step =>
    (ours, other) =>
      change(who === 0 ? other : ours),
);

test('should know in memory what the file says, whoever changed it', () => {
  const property = fc.property(fc.array(steps, { maxLength: 30 }), (sequence) => {
    file.begin(false, true);
    const ours = new TopologyTable(file, 1);
    try {
      const other = new TopologyTable(file, 2);
      for (const step of sequence) {
        // As at the beginning of each transaction.
        ours.refresh();
        other.refresh();
        step(ours, other);
        ours.refresh();
        const fresh = new TopologyTable(file, 1);
        fresh.refresh();
        expect(said(ours)).toEqual(said(fresh));
      }
    } finally {
      file.rollback();
    }
    ours.forget();
    ours.refresh();
    expect(names.map((one) => ours.find(one))).toEqual(names.map(() => undefined));
  });
  fc.assert(property, { numRuns: 200 });
});

test('should not read all queues again for a change of its own', () => {
  let reads = 0;
  // Its own file, counting: what is prepared once is asked for often.
  const counting = Object.assign(Object.create(file) as StoreFile, {
    prepare: (sql: string) => {
      const statement = file.prepare(sql);
      if (!sql.includes('SELECT id, name')) return statement;
      return {
        all: (...parameters: number[]) => {
          reads += 1;
          return statement.all(...parameters);
        },
      };
    },
  });
  file.begin(false, true);
  try {
    const topology = new TopologyTable(counting, 1);
    topology.refresh();
    topology.provision([{ name: 'a' }, { name: 'b' }], 1);
    const { id } = topology.queue('a');
    topology.receiverStarted(id);
    for (const topic of topics) topology.subscribe('a', [topic]);
    topology.unsubscribe('a', topics);
    topology.receiverStopped(id, 1);
    topology.refresh();
    expect(reads).toBe(1);
  } finally {
    file.rollback();
  }
});
