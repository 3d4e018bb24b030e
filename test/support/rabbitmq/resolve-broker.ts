/**
 * Finds a broker for tests that only use one: at `BUSBAR_TEST_AMQP_URL`, else in a container, else as a private process.
 * Tests ask `brokerForTests()` (`broker-for-tests.ts`), so that a run has one of each version at most.
 *
 * - `BUSBAR_TEST_AMQP_URL`: a broker that is there; `BUSBAR_TEST_MANAGEMENT_URL` if its management API is in an unusual place.
 * - `TEST_RABBITMQ_IMAGE`, `TEST_RABBITMQ_3_IMAGE`: the images, `rabbitmq:4-management` and `rabbitmq:3.10-management`.
 * - `TEST_BROKER`: `env`, `container` or `private` allows that way alone.
 */
import type { Broker, RunningBroker } from './broker.ts';
import { containerBroker } from './container-broker.ts';
import { inspectBroker } from './inspect-broker.ts';
import { startPrivateNode } from './private-node.ts';
import { type RabbitMajor, findPrograms, unpacking } from './rabbitmq-programs.ts';

const ways = ['env', 'container', 'private'] as const;

type Way = (typeof ways)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** A broker that was found, and why it was not found earlier on the way. */
export interface ResolvedBroker {
  readonly broker: Broker;
  readonly refused: readonly string[];
}

interface Offer {
  /** Two requests with the same key get the same broker. */
  readonly key: string;
  start(): Promise<RunningBroker>;
}

/** Starts each broker once, whoever asks how often, and stops them all. */
export class BrokerResolver implements AsyncDisposable {
  readonly #environment: Environment;
  readonly #started = new Map<string, Promise<RunningBroker>>();

  constructor(environment: Environment = process.env) {
    this.#environment = environment;
  }

  /** @param major Any will do, unless it is given. */
  async resolve(major?: RabbitMajor): Promise<ResolvedBroker> {
    const refused: string[] = [];
    for (const way of this.#allowed()) {
      try {
        const offer = await this.#offer(way, major);
        const { broker } = await this.#start(offer);
        if (major === undefined || broker.version.startsWith(`${major}.`)) {
          return { broker, refused };
        }
        refused.push(`${way}: it is RabbitMQ ${broker.version}`);
      } catch (error) {
        refused.push(`${way}: ${error instanceof Error ? error.message : String(error)}`);
        // Whoever names a broker means that one.
        if (way === 'env' && this.#environment['BUSBAR_TEST_AMQP_URL'] !== undefined) break;
      }
    }
    const remedies = this.#allowed().map((way) => remedy(way, major));
    const tried = refused.map((reason) => `\n  ${reason}`).join('');
    throw new Error(
      `No RabbitMQ${major === undefined ? '' : ` ${major}`} for the tests: ${remedies.join(', or ')}.${tried}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const brokers = await Promise.allSettled(this.#started.values());
    this.#started.clear();
    const running = brokers.filter((each) => each.status === 'fulfilled');
    await Promise.all(running.map((each) => each.value.stop()));
  }

  #allowed(): readonly Way[] {
    const only = this.#environment['TEST_BROKER'];
    if (only === undefined) return ways;
    const way = ways.find((each) => each === only);
    if (way === undefined) {
      throw new Error(
        `TEST_BROKER is "${only}"; it can be ${ways.map((each) => `"${each}"`).join(', ')}.`,
      );
    }
    return [way];
  }

  async #offer(way: Way, major: RabbitMajor | undefined): Promise<Offer> {
    switch (way) {
      case 'env':
        return this.#fromEnvironment();
      case 'container':
        return this.#inContainer(major);
      case 'private':
        return privately(major);
    }
  }

  #fromEnvironment(): Offer {
    const url = this.#environment['BUSBAR_TEST_AMQP_URL'];
    const managementUrl = this.#environment['BUSBAR_TEST_MANAGEMENT_URL'];
    if (url === undefined) throw new Error('BUSBAR_TEST_AMQP_URL is not set');
    const start = async (): Promise<RunningBroker> => {
      const seen = await inspectBroker(url, managementUrl);
      if (managementUrl !== undefined && seen.managementUrl === undefined) {
        throw new Error('BUSBAR_TEST_MANAGEMENT_URL lets no administrator in');
      }
      return { broker: { kind: 'environment', url, ...seen }, stop: async () => {} };
    };
    return { key: url, start };
  }

  #inContainer(major: RabbitMajor | undefined): Offer {
    const image =
      major === '3'
        ? (this.#environment['TEST_RABBITMQ_3_IMAGE'] ?? 'rabbitmq:3.10-management')
        : (this.#environment['TEST_RABBITMQ_IMAGE'] ?? 'rabbitmq:4-management');
    return { key: image, start: () => containerBroker(image) };
  }

  #start({ key, start }: Offer): Promise<RunningBroker> {
    const known = this.#started.get(key);
    if (known !== undefined) return known;
    const starting = start();
    this.#started.set(key, starting);
    return starting;
  }
}

function remedy(way: Way, major: RabbitMajor | undefined): string {
  switch (way) {
    case 'env':
      return 'name one in BUSBAR_TEST_AMQP_URL';
    case 'container':
      return 'start a container engine that can pull the image';
    case 'private':
      return unpacking(major);
  }
}

async function privately(major: RabbitMajor | undefined): Promise<Offer> {
  const programs = await findPrograms(major);
  return {
    key: programs.folder,
    start: async () => {
      const node = await startPrivateNode({ programs, plugins: ['rabbitmq_management'] });
      const { url, version, managementUrl } = node;
      return {
        broker: { kind: 'private', url, version, ...(managementUrl && { managementUrl }) },
        stop: () => node.destroy(),
      };
    },
  };
}
