/** What an entity still takes part in. */
export type EntityStatus = 'Active' | 'Disabled' | 'SendDisabled' | 'ReceiveDisabled';

/** What all entities have. Times are milliseconds, and `Infinity` means never. */
export interface SharedSettings {
  /** @default 'Active' */
  readonly status: EntityStatus;
  /** Kept, and given back. @default '' */
  readonly userMetadata: string;
  /** An upper bound for what messages say themselves. @default Infinity */
  readonly defaultTimeToLive: number;
  /** Kept, and without effect. @default Infinity */
  readonly autoDeleteOnIdle: number;
  /** Kept, and without effect. @default true */
  readonly enableBatchedOperations: boolean;
}

/** What queues and subscriptions have in common: the place that messages are received from. */
export interface ReceivingSettings extends SharedSettings {
  /** Between a second and five minutes. @default 60000 */
  readonly lockDuration: number;
  /** Between 1 and 2000. @default 10 */
  readonly maxDeliveryCount: number;
  /** Cannot be changed later. @default false */
  readonly requiresSession: boolean;
  /** Whether expired messages become dead letters. @default false */
  readonly deadLetteringOnExpiration: boolean;
  /** A queue or topic that gets what arrives here. @default none */
  readonly forwardTo?: string | undefined;
  /** A queue or topic that gets the dead letters. @default none */
  readonly forwardDeadLetteredTo?: string | undefined;
}

/** What queues and topics have in common: the place that messages are sent to. */
export interface SendingSettings extends SharedSettings {
  /** Counts where it is less than the emulator's own limit. @default 1024 */
  readonly maxSizeInMegabytes: number;
  /** In the premium tier only, up to 102400. @default 1024 there */
  readonly maxMessageSizeInKilobytes?: number | undefined;
  /** Cannot be changed later. @default false */
  readonly requiresDuplicateDetection: boolean;
  /** How long message ids are remembered; between 20 seconds and a week. @default 600000 */
  readonly duplicateDetectionWindow: number;
  /** Kept, and without effect. @default false */
  readonly enablePartitioning: boolean;
  /** Kept, and without effect. @default false */
  readonly enableExpress: boolean;
}

/** The settings of a queue. */
export interface QueueSettings extends ReceivingSettings, SendingSettings {}

/** The settings of a topic. */
export interface TopicSettings extends SendingSettings {
  /** Kept, and without effect: order is kept anyway. @default true */
  readonly supportOrdering: boolean;
}

/** The settings of a subscription. */
export interface SubscriptionSettings extends ReceivingSettings {
  /** Whether messages that a filter fails on become dead letters. @default true */
  readonly deadLetteringOnFilterErrors: boolean;
}

const minute = 60_000;

const shared = {
  status: 'Active',
  userMetadata: '',
  defaultTimeToLive: Infinity,
  autoDeleteOnIdle: Infinity,
  enableBatchedOperations: true,
} as const;

const receiving = {
  lockDuration: minute,
  maxDeliveryCount: 10,
  requiresSession: false,
  deadLetteringOnExpiration: false,
} as const;

const sending = {
  maxSizeInMegabytes: 1024,
  requiresDuplicateDetection: false,
  duplicateDetectionWindow: 10 * minute,
  enablePartitioning: false,
  enableExpress: false,
} as const;

export const defaultQueueSettings: QueueSettings = { ...shared, ...receiving, ...sending };
export const defaultTopicSettings: TopicSettings = { ...shared, ...sending, supportOrdering: true };
export const defaultSubscriptionSettings: SubscriptionSettings = {
  ...shared,
  ...receiving,
  deadLetteringOnFilterErrors: true,
};
