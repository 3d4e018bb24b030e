import { partition } from '@aws-sdk/core/client';
import type { Logger, QueueDefinition } from '@busbar/core';
import type { SqsSettings } from '../sqs-options.ts';
import { iamPolicies } from './iam-policies.ts';

/** Says what an endpoint would need, instead of making it. */
export class PolicyPrinter {
  readonly #settings: SqsSettings;
  readonly #logger: Logger;
  readonly #region: () => Promise<string>;
  #queues: readonly QueueDefinition[] = [];

  constructor(settings: SqsSettings, logger: Logger, region: () => Promise<string>) {
    this.#settings = settings;
    this.#logger = logger;
    this.#region = region;
  }

  async provision(queues: readonly QueueDefinition[]): Promise<void> {
    this.#queues = queues;
    await this.#print([]);
  }

  async subscribe(_queue: string, topics: readonly string[]): Promise<void> {
    await this.#print(topics);
  }

  async #print(subscribes: readonly string[]): Promise<void> {
    const { bucket, bucketPrefix, encryption, queuePrefix, topicPrefix } = this.#settings;
    const region = await this.#region();
    const taken = this.#queues.filter(({ use }) => use === undefined || use === 'receive');
    const others = this.#queues.filter((queue) => !taken.includes(queue));
    const policies = iamPolicies({
      partition: partition(region).name,
      region,
      queuePrefix,
      topicPrefix,
      ...(bucket !== undefined && { bucket, bucketPrefix }),
      ...(typeof encryption === 'object' && { kmsKeyId: encryption.kmsKeyId }),
      queues: this.#queues,
      receives: taken.map(({ name }) => name),
      sendsTo: others.map(({ name }) => name),
      subscribes,
    });
    const fields = { run: policies.run, provision: policies.provision };
    this.#logger.info(
      fields,
      'Nothing was made, since `provisioning` is `policies`: these are the rights that it takes, without those to publish events',
    );
  }
}
