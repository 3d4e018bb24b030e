import type { QueueAttributeName } from '@aws-sdk/client-sqs';
import { sqsBytes } from '../message/limits.ts';
import type { SqsSettings } from '../sqs-options.ts';

/** Attributes of a queue, by name. */
export type QueueAttributes = Partial<Record<QueueAttributeName, string>>;

/** What a new queue is made with. */
export function queueAttributes(
  settings: SqsSettings,
  options: { readonly fifo: boolean; readonly deadLetterArn?: string },
): QueueAttributes {
  const { encryption, maxReceiveCount, retentionSeconds, visibilitySeconds } = settings;
  const { fifo, deadLetterArn } = options;
  return {
    DelaySeconds: '0',
    MaximumMessageSize: String(sqsBytes),
    MessageRetentionPeriod: String(retentionSeconds),
    VisibilityTimeout: String(visibilitySeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.pollSeconds),
    ...(encryption === 'sqs-managed'
      ? { SqsManagedSseEnabled: 'true' }
      : {
          KmsMasterKeyId: encryption.kmsKeyId,
          KmsDataKeyReusePeriodSeconds: String(encryption.reuseSeconds ?? 300),
        }),
    ...(fifo && {
      FifoQueue: 'true',
      // Equal bodies are not the same message.
      ContentBasedDeduplication: 'false',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    }),
    ...(deadLetterArn !== undefined && {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetterArn, maxReceiveCount }),
    }),
  };
}

/** Numbers may be written as texts, and objects in any order. */
function canonical(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (name !== 'RedrivePolicy') return value.toLowerCase();
  try {
    const policy = JSON.parse(value) as Record<string, unknown>;
    return `${String(policy['deadLetterTargetArn'])} ${String(policy['maxReceiveCount'])}`;
  } catch {
    return value;
  }
}

/** The names of the attributes in which a queue differs from what it should be. */
export function differencesOf(wanted: QueueAttributes, found: QueueAttributes): string[] {
  const names = Object.keys(wanted) as QueueAttributeName[];
  return names.filter((name) => canonical(name, wanted[name]) !== canonical(name, found[name]));
}
