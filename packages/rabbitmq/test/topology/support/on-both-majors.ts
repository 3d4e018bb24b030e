import { describe } from 'vitest';
import type { Broker } from '../../../../../test/support/rabbitmq/broker.ts';
import { brokerForTests } from '../../../../../test/support/rabbitmq/broker-for-tests.ts';

const majors = ['3', '4'] as const;
const found = await Promise.all(majors.map((major) => brokerForTests(major)));

/** Registers tests on RabbitMQ 3 and on 4: they differ in much of what this folder is about. */
export function onBothMajors(name: string, tests: (broker: Broker) => void): void {
  for (const [index, rabbit] of found.entries()) {
    rabbit.register(`${name}, RabbitMQ ${majors[index]}`, (broker) => {
      describe(`${name}, RabbitMQ ${majors[index]}`, () => {
        tests(broker);
      });
    });
  }
}
