export * from './from-url.ts';
export type {
  AzureServiceBusTransportOptions,
  NativeMessage,
  NativeMessageMapping,
  ServiceBusCredential,
} from './service-bus-options.ts';
export { azureServiceBusTransport } from './service-bus-transport.ts';
