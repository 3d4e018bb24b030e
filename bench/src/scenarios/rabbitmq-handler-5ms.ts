import { setTimeout as sleep } from 'node:timers/promises';
import { onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario } from '../scenario.ts';
import { filledQueue } from '../subjects/filled-queue.ts';

const handlerMs = 5;

/** Messages by how many are handled at once: each measurement takes some seconds. */
const messagesAt = { 1: 300, 8: 2_000, 32: 6_000, 128: 12_000 } as const;
/** The compiler has to see the code often enough; the handler waits only afterwards. */
const warmUpMessages = 6_000;

export const scenarios = Object.entries(messagesAt).flatMap(([atOnce, messages]) =>
  queueTypes.map((queueType): Scenario => ({
    ...onRabbitMq,
    name: `rabbitmq-handler-5ms-${queueType}-${atOnce}`,
    title: `RabbitMQ, a ${queueType} queue: a handler that waits for ${handlerMs} ms, ${atOnce} at once`,
    messages,
    warmUp: warmUpMessages / messages,
    subjects: filledQueue(queueType, Number(atOnce), (gate) => async (id) => {
      await gate.opened;
      if (gate.warm) await sleep(handlerMs);
      gate.ended(id);
    }),
  })),
);
