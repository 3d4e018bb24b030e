import { asError } from '@busbar/core';

/** What a failed call of the SDK means. */
export type SdkFailure =
  /** The queue or topic is not there. */
  | 'missing'
  /** The identity may not do it. */
  | 'denied'
  /** AWS does not know the identity, or it has expired. */
  | 'credentials'
  /** Throttled, a fault of AWS, or of the network: again may help. */
  | 'transient'
  /** AWS will never take it. */
  | 'refused';

const missing = /NonExistentQueue|QueueDoesNotExist|^NotFound(?:Exception)?$|ResourceNotFound/;
const denied = /AccessDenied|Authorization(?:Error)?(?:Exception)?$|KMSAccessDenied|OptInRequired/i;
const credentials =
  /^(?:UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|RequestExpired|CredentialsProvider|CredentialsError|TokenProvider|InvalidAccessKeyId|NotAuthorized)/;
const throttled = /Thrott|TooManyRequests|SlowDown|RequestLimitExceeded|OverLimit|KmsThrottled/i;
const passing =
  /^(?:TimeoutError|AbortError|RequestTimeout|ServiceUnavailable|Internal|ConcurrentAccess|QueueDeletedRecently)/;

/** Sorts an error of the SDK by what can be done about it. */
export function failureOf(thrown: unknown): SdkFailure {
  const error = asError(thrown) as Error & {
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: unknown;
  };
  const { name, code = '' } = error;
  if (missing.test(name)) return 'missing';
  if (throttled.test(name) || passing.test(name)) return 'transient';
  if (credentials.test(name)) return 'credentials';
  if (denied.test(name)) return 'denied';
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || status >= 500 || status === 429) return 'transient';
  // An answer that is no answer of AWS: a proxy, or something else that listens there.
  if (code !== '' && /^E[A-Z]+$/.test(code)) return 'transient';
  return status === 403 ? 'denied' : 'refused';
}

/** An error of the SDK in a sentence, with its name, which is what people search for. */
export function failureText(thrown: unknown): string {
  const { name, message } = reasonOf(asError(thrown));
  const text = message === '' || message === 'UnknownError' ? name : `${name}: ${message}`;
  return text.replace(/[.\s]+$/, '');
}

/** Node puts the reasons of several addresses of one host into an error without a message. */
function reasonOf(error: Error): Error {
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0) {
    return asError(error.errors[0]);
  }
  return error;
}
