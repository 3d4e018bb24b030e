import { invalidArgument } from './broker-fault.ts';
import type { ReceivingSettings, SendingSettings } from './entity-settings.ts';

/** Of the service: it decides how large messages may be. */
export type Tier = 'standard' | 'premium';

export interface Limits {
  readonly tier: Tier;
  /** Bytes of one message, and of one batch. */
  readonly messageSize: number;
  readonly batchSize: number;
  /** Bytes that an entity may hold, all of its sub-queues together, whatever its own setting says. */
  readonly entitySize: number;
  /** Bytes that the whole emulator may hold. */
  readonly memory: number;
}

export const fixedLimits = {
  nameLength: 260,
  subscriptionNameLength: 50,
  ruleNameLength: 50,
  messageIdLength: 128,
  sessionIdLength: 128,
  partitionKeyLength: 128,
  propertySize: 32 * 1024,
  headerSize: 64 * 1024,
  sessionStateSize: 256 * 1024,
  lockDuration: 5 * 60_000,
  shortestLockDuration: 1_000,
  maxDeliveryCount: 2_000,
  forwardingHops: 4,
  subscriptionsOfTopic: 2_000,
  rulesOfTopic: 2_000,
  entities: 10_000,
  sqlFilterLength: 1_024,
  shortestTimeToLive: 1_000,
  shortestDuplicateWindow: 20_000,
  longestDuplicateWindow: 7 * 24 * 3_600_000,
  shortestIdle: 5 * 60_000,
  messagesOfManagementRequest: 4_500,
} as const;

const segment = /^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-.]*[A-Za-z0-9]$/;

export function checkPath(path: string): void {
  const segments = path.split('/');
  if (path.length > fixedLimits.nameLength || !segments.every((part) => segment.test(part))) {
    throw invalidArgument(
      `'${path}' is no name of a queue or topic: letters, digits, '.', '-', '_' and '/', at most ${fixedLimits.nameLength}, with a letter or digit at both ends of each segment.`,
    );
  }
}

export function checkName(kind: 'subscription' | 'rule', name: string): void {
  const longest = fixedLimits[kind === 'rule' ? 'ruleNameLength' : 'subscriptionNameLength'];
  // The name of the rule that every subscription is born with.
  if (kind === 'rule' && name === '$Default') return;
  if (name.length > longest || !segment.test(name)) {
    throw invalidArgument(
      `'${name}' is no name of a ${kind}: letters, digits, '.', '-' and '_', at most ${longest}, with a letter or digit at both ends.`,
    );
  }
}

function checkRange(name: string, value: number, lowest: number, highest: number): void {
  if (value >= lowest && value <= highest) return;
  throw invalidArgument(`${name} is ${value}; it must lie between ${lowest} and ${highest}.`);
}

export function checkReceivingSettings(settings: ReceivingSettings): void {
  checkRange(
    'LockDuration in milliseconds',
    settings.lockDuration,
    fixedLimits.shortestLockDuration,
    fixedLimits.lockDuration,
  );
  if (!Number.isInteger(settings.maxDeliveryCount)) {
    throw invalidArgument(
      `MaxDeliveryCount is ${settings.maxDeliveryCount}; it must be a whole number.`,
    );
  }
  checkRange('MaxDeliveryCount', settings.maxDeliveryCount, 1, fixedLimits.maxDeliveryCount);
  checkShared(settings);
}

export function checkSendingSettings(settings: SendingSettings, tier: Tier): void {
  checkRange(
    'MaxSizeInMegabytes',
    settings.maxSizeInMegabytes,
    1,
    tier === 'premium' ? 81_920 : 5_120,
  );
  checkRange(
    'DuplicateDetectionHistoryTimeWindow in milliseconds',
    settings.duplicateDetectionWindow,
    fixedLimits.shortestDuplicateWindow,
    fixedLimits.longestDuplicateWindow,
  );
  if (settings.maxMessageSizeInKilobytes !== undefined) {
    if (tier === 'standard') {
      throw invalidArgument('MaxMessageSizeInKilobytes can be set in the premium tier only.');
    }
    checkRange('MaxMessageSizeInKilobytes', settings.maxMessageSizeInKilobytes, 1_024, 102_400);
  }
  checkShared(settings);
}

function checkShared(settings: ReceivingSettings | SendingSettings): void {
  checkRange(
    'DefaultMessageTimeToLive in milliseconds',
    settings.defaultTimeToLive,
    fixedLimits.shortestTimeToLive,
    Infinity,
  );
  checkRange(
    'AutoDeleteOnIdle in milliseconds',
    settings.autoDeleteOnIdle,
    fixedLimits.shortestIdle,
    Infinity,
  );
}
