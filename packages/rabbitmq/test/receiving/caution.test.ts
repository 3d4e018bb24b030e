import { expect, test } from 'vitest';
import { Caution } from '../../src/receiving/caution.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';

test('caution should end when enough innocents were handled', () => {
  const caution = new Caution(new HandClock(), () => {});
  expect(caution.on).toBe(false);
  caution.begin(1);
  expect(caution.on).toBe(true);
  caution.innocentHandled();
  expect(caution.on).toBe(false);
  caution.begin(2);
  caution.begin(1);
  caution.innocentHandled();
  expect(caution.on).toBe(true);
  caution.innocentHandled();
  expect(caution.on).toBe(false);
});

test('it should end when a message that is handled has killed nobody for a while', () => {
  const clock = new HandClock();
  let ends = 0;
  const caution = new Caution(clock, () => {
    ends += 1;
  });
  caution.begin(10);
  clock.advance(1_000);
  expect(caution.on, 'nothing came yet').toBe(true);
  caution.innocentCame();
  clock.advance(200);
  caution.innocentCame();
  expect(caution.on).toBe(true);
  clock.advance(50);
  expect(caution.on).toBe(false);
  expect(ends).toBe(1);
});

test('it should begin anew with each suspect', () => {
  const clock = new HandClock();
  const caution = new Caution(clock, () => {});
  caution.begin(1);
  caution.innocentCame();
  clock.advance(200);
  caution.begin(10);
  clock.advance(100);
  expect(caution.on).toBe(true);
  caution.end();
  expect(caution.on).toBe(false);
});
