import { onRabbitMq, queueTypes } from '../rabbitmq-broker.ts';
import type { Scenario } from '../scenario.ts';
import { filledQueue } from '../subjects/filled-queue.ts';

const atOnce = 64;

export const scenarios = queueTypes.map((queueType): Scenario => ({
  ...onRabbitMq,
  name: `rabbitmq-consume-${queueType}`,
  title: `RabbitMQ, a ${queueType} queue: handle what lies in it, ${atOnce} at once`,
  messages: 30_000,
  targets: [{ twin: 'twin+headers', mostCpu: 1.25, leastSpeed: 0.85 }],
  subjects: filledQueue(queueType, atOnce, (gate) => (id) => gate.handle(id)),
}));
