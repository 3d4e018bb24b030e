export * from './from-url.ts';
export type {
  NativeMessage,
  NativeMessageMapping,
  SdkClient,
  SqsCredentials,
  SqsEncryption,
  SqsTransportOptions,
} from './sqs-options.ts';
export * from './sqs-transport.ts';
export { s3Store, type S3StoreOptions } from './claim-check/s3-store.ts';
export * from './topology/iam-policies.ts';
