import { LocalAws } from '../../test/support/sqs/local-aws.ts';

/** SQS, SNS and S3 in this process, and their URL. */
export async function startSqs(): Promise<AsyncDisposable & { readonly url: string }> {
  const aws = await LocalAws.start();
  console.error(`An emulator of Amazon SQS and SNS was started, at ${aws.endpoint}.`);
  return aws;
}
