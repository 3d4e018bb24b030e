import { expect, onTestFinished, test } from 'vitest';
import { type SuspectHolder, suspectTurns } from '../../src/receiving/suspect-turns.ts';

class Holder implements SuspectHolder {
  waitsWithSuspect = false;
  told = 0;

  constructor() {
    suspectTurns.join(this);
    onTestFinished(() => suspectTurns.leave(this));
  }

  turnsChanged(): void {
    this.told += 1;
  }
}

test('a turn should wait until nobody else holds a suspect', () => {
  const [one, two] = [new Holder(), new Holder()];
  two.waitsWithSuspect = true;
  expect(suspectTurns.take(one)).toBe(false);
  expect(two.told).toBe(1);
  expect(suspectTurns.isOthers(two)).toBe(true);
  expect(suspectTurns.isOthers(one)).toBe(false);
  two.waitsWithSuspect = false;
  suspectTurns.gaveBack(two);
  expect(one.told).toBe(1);
  expect(suspectTurns.take(one)).toBe(true);
});

test('the next should have it after the end of the first, or when that has left', () => {
  const [one, two, three] = [new Holder(), new Holder(), new Holder()];
  expect(suspectTurns.take(one)).toBe(true);
  expect(suspectTurns.take(two)).toBe(false);
  suspectTurns.end(two);
  expect(suspectTurns.isOthers(two)).toBe(true);
  suspectTurns.end(one);
  expect([two.told, three.told]).toEqual([2, 2]);
  expect(suspectTurns.take(two)).toBe(true);
  suspectTurns.leave(two);
  expect(suspectTurns.take(three)).toBe(true);
});
