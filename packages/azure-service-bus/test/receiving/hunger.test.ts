import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { Hunger } from '../../src/receiving/hunger.ts';
import type { StreamLink } from '../../src/receiving/stream-link.ts';
import { PastTheTransport } from '../support/past-the-transport.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';

const hourMs = 3_600_000;

test.for([
  { delayed: 1, active: 1, isLeftOut: true },
  { delayed: 250, active: 1, isLeftOut: true },
  { delayed: 1, active: 0, isLeftOut: false },
  { delayed: 0, active: 0, isLeftOut: false },
])(
  'a link that brings nothing should be seen by what lies behind delayed messages: %o',
  async ({ delayed, active, isLeftOut }, context) => {
    const { options, emulated } = await namespaceForTests();
    if (emulated === undefined) return context.skip(needsOurEmulator);
    emulated.control.createQueue('sales');
    const past = new PastTheTransport({ options, emulated });
    const sender = past.client.createSender('sales');
    const inADay = new Date(Date.now() + 24 * hourMs);
    const messages = Array.from({ length: delayed }, () => ({ body: Buffer.of(1) }));
    if (delayed > 0) await sender.scheduleMessages(messages, inADay);
    if (active > 0) await sender.sendMessages({ body: Buffer.of(1) });
    const receiver = past.client.createReceiver('sales');
    const link = { silentMs: hourMs, hungry: true, receiver };
    const clock = { ...systemClock, now: () => Date.now() + hourMs };
    const hunger = new Hunger(clock);
    // What it needs of a link, one that has said nothing for an hour.
    expect(await hunger.isLeftOut(link as unknown as StreamLink)).toBe(isLeftOut);
    await past.close();
  },
);
