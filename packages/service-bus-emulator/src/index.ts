export {
  administrationOverHttp,
  type AdministrationHttpPolicy,
  type AdministrationHttpRequest,
  type HasPipeline,
} from './administration-over-http.ts';
export { BrokerFault } from './broker/broker-fault.ts';
export type {
  EntityStatus,
  QueueSettings,
  ReceivingSettings,
  SendingSettings,
  SharedSettings,
  SubscriptionSettings,
  TopicSettings,
} from './broker/entity-settings.ts';
export type { Tier } from './broker/limits.ts';
export type { MessageState } from './broker/broker-message.ts';
export type {
  DetachReason,
  EmulatorControl,
  MessageCounts,
  NewSubscriptionSettings,
} from './control/emulator-control.ts';
export type { Operation, PlannedFault } from './control/fault-plan.ts';
export type { InspectedMessage } from './control/inspected-message.ts';
export type { EmulatorOptions } from './emulator-options.ts';
export {
  type EmulatedNamespace,
  type ServiceBusEmulator,
  startServiceBusEmulator,
} from './service-bus-emulator.ts';
