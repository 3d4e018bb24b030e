export * from './from-url.ts';
export {
  type RabbitMqCredentials,
  type RabbitMqTlsOptions,
  type RabbitMqTransportOptions,
} from './rabbitmq-options.ts';
export * from './rabbitmq-transport.ts';
