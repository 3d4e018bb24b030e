import { describe, expect, test } from 'vitest';
import type { Broker } from '../../support/rabbitmq/broker.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { scaled } from '../../support/scale.ts';
import { naked, written } from './amqp-cases.ts';
import type { AmqpNative } from './amqp-message.ts';
import { sampleValues, sampleWays } from './amqp-samples.ts';
import { type AmqpValue, deepValue, unsignedLong } from './amqp-values.ts';
import { checkBadInput, good } from './check-bad-input.ts';
import { checkOutcome } from './check-outcome.ts';
import type { InputCase } from './input-case.ts';
import { Intake } from './intake.ts';
import { type QueueType, foreignRabbitMq, rabbitMq } from './rabbitmq-targets.ts';
import { bare, furnished, retrying } from './variants.ts';

const queueTypes: readonly QueueType[] = ['quorum', 'classic'];
const brokers = 2;
/** Of all targets together; the shares below add up to one. */
const count = scaled('bad-input') / (brokers * queueTypes.length);
const shares = { foreign: 0.6, furnished: 0.15, retrying: 0.05, endpoints: 0.2 };
const limitMs = 120_000;
const samplesLimitMs = 20_000;

const broken = new TextEncoder().encode('{"id":"good","amount":');
const sometimes = ['handled', 'expired', 'an error', 'UNDECODABLE', 'UNKNOWN_MESSAGE_TYPE'];

/** Once to be handled and once for the error queue, each with a good message behind it. */
function around(way: Partial<AmqpNative>): readonly InputCase[] {
  const { headers, body } = good;
  return [written(headers, body, way), good, written(headers, broken, way), good];
}

const withValue = (value: AmqpValue): Partial<AmqpNative> => ({
  behind: [{ name: 'x-value', value }],
});

/** Checks what becomes of the cases, and that the endpoint works afterwards and nothing comes again or stays. */
async function checkSamples(
  broker: Broker,
  queueType: QueueType,
  samples: Readonly<Record<string, readonly InputCase[]>>,
  runMs = samplesLimitMs,
): Promise<void> {
  await using intake = await Intake.start(foreignRabbitMq(broker, queueType), bare);
  const cases = Object.entries(samples).flatMap(([name, all]) =>
    all.map((one) => [name, one] as const),
  );
  const outcomes = await intake.run(
    cases.map(([, one]) => one),
    runMs,
  );
  const problems = outcomes.flatMap((outcome, index) => {
    const problem = checkOutcome(outcome, bare);
    return problem === undefined ? [] : [`${cases[index]![0]} ${problem}`];
  });
  expect(problems).toEqual([]);
  const [last] = await intake.run([good], runMs);
  expect(last!.ends).toEqual(['handled']);
  expect(await intake.problems()).toEqual([]);
}

function samplesOf(
  ways: Readonly<Record<string, Partial<AmqpNative>>>,
): Readonly<Record<string, readonly InputCase[]>> {
  return Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, around(way)]));
}

function badInput(broker: Broker, queueType: QueueType): void {
  test(
    'should handle what other clients write, or keep it in the error queue as it came',
    async () => {
      const wanted = count * shares.foreign;
      const { cases, ends } = await checkBadInput(foreignRabbitMq(broker, queueType), bare, wanted);
      expect(cases).toBe(wanted);
      expect([...ends.keys()]).toEqual(expect.arrayContaining(sometimes));
    },
    limitMs,
  );

  test(
    'should do so with an outbox and a claim check',
    async () => {
      const wanted = count * shares.furnished;
      const { cases } = await checkBadInput(foreignRabbitMq(broker, queueType), furnished, wanted);
      expect(cases).toBe(wanted);
    },
    limitMs,
  );

  test(
    'should do so when its retries are over',
    async () => {
      const wanted = count * shares.retrying;
      const { cases } = await checkBadInput(foreignRabbitMq(broker, queueType), retrying, wanted);
      expect(cases).toBe(wanted);
    },
    limitMs,
  );

  test(
    'should do so with what other endpoints send',
    async () => {
      const wanted = count * shares.endpoints;
      const { cases } = await checkBadInput(rabbitMq(broker, queueType), bare, wanted);
      expect(cases).toBe(wanted);
    },
    limitMs,
  );

  test(
    'should read headers of every type',
    async () => {
      const ways = Object.entries(sampleValues).map(([name, value]) => [name, withValue(value)]);
      await checkSamples(broker, queueType, samplesOf(Object.fromEntries(ways)));
    },
    limitMs,
  );

  test(
    'should read properties however they are written, or when there are none',
    async () => {
      const without = [0, 1, 2, 3].map((reserved): [string, readonly InputCase[]] => [
        `nothing but the flags ${reserved}`,
        [naked(good.body, reserved), good, naked(new Uint8Array(0), reserved), good],
      ]);
      const samples = { ...samplesOf(sampleWays), ...Object.fromEntries(without) };
      await checkSamples(broker, queueType, samples);
    },
    limitMs,
  );

  test(
    'should read what the client library cannot',
    async () => {
      const samples = samplesOf({
        'a small unsigned number of 64 bits': withValue(unsignedLong(5n)),
        'one as large as a double takes': withValue(unsignedLong(2n ** 53n - 1n)),
        '5,000 lists in each other': withValue(deepValue(5_000, 'lists')),
      });
      await checkSamples(broker, queueType, samples);
    },
    limitMs,
  );
}

for (const rabbit of [await brokerForTests('3'), await brokerForTests('4')]) {
  rabbit.register('when input is bad on RabbitMQ', (broker) => {
    describe.each(queueTypes)(
      `when input is bad on RabbitMQ ${broker.version} in %s queues`,
      (queueType) => {
        badInput(broker, queueType);
      },
    );
  });
}
