import { LocalAws } from '../../test/support/sqs/local-aws.ts';

/** What a process held that was killed comes after it: the demo does not wait for half a minute, which is the default. */
const visibilitySeconds = 5;

/** SQS, SNS and S3 in this process, and their URL. */
export async function startSqs(): Promise<AsyncDisposable & { readonly url: string }> {
  const aws = await LocalAws.start();
  console.error(`An emulator of Amazon SQS and SNS was started, at ${aws.endpoint}.`);
  return {
    url: `${aws.url}&visibilitySeconds=${visibilitySeconds}`,
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  };
}
