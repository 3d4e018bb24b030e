import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Crowd } from '../../src/transport/crowd.ts';

test('should hold the same members as a set', () => {
  const actions = fc.array(fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(7)));
  fc.assert(
    fc.property(actions, (steps) => {
      const candidates = Array.from({ length: 8 }, () => ({ place: -1 }));
      const crowd = new Crowd<{ place: number }>();
      const set = new Set<{ place: number }>();
      for (const [action, index] of steps) {
        const member = candidates[index]!;
        if (action === 'add') set.add(member);
        else set.delete(member);
        if (action === 'add') crowd.add(member);
        else crowd.delete(member);
        expect(crowd.size).toBe(set.size);
        expect(new Set(crowd.members())).toEqual(set);
        expect(candidates.filter((each) => crowd.has(each))).toEqual(
          candidates.filter((each) => set.has(each)),
        );
      }
    }),
  );
});
