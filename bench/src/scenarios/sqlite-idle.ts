import { setTimeout as sleep } from 'node:timers/promises';
import { handler } from '@busbar/core';
import type { Scenario, Subject } from '../scenario.ts';
import { PlaceOrder } from '../subjects/order-messages.ts';
import { sqliteEndpoint } from '../subjects/sqlite-endpoint.ts';
import { SqliteTwin } from '../subjects/sqlite-twin.ts';

const idleMs = 5_000;
const atOnce = 16;

const twin: Subject = async ({ directory }) => {
  const idle = new SqliteTwin(directory, atOnce, async () => []);
  return { run: async () => sleep(idleMs), close: async () => idle.close() };
};

const busbar: Subject = async ({ directory }) => {
  const idle = sqliteEndpoint(directory, atOnce, [handler(PlaceOrder, async () => {})]);
  await idle.start();
  return { run: async () => sleep(idleMs), close: () => idle.stop() };
};

export const scenario: Scenario = {
  name: 'sqlite-idle',
  title: `SQLite: two processes that receive and have nothing to do, for ${idleMs / 1_000} s`,
  messages: 0,
  subjects: { twin, busbar },
  partners: { twin, busbar },
};
