import type { Headers } from '@busbar/core';

/** One bad, or good, message. The headers are those that a receiver has to read, without the tracking header. */
export interface InputCase {
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Carries nothing to be tracked by: it is known again by the broker's own id. */
  readonly bare: boolean;
  /** The code by which the transport refuses it before anybody looks at headers and body. */
  readonly refusedAs?: string;
  /** The same, if it happens to come twice. */
  readonly mayBeRefusedAs?: string;
  /** The broker may take it out of the queue before anybody has seen it, and keep it elsewhere. */
  readonly mayExpire?: boolean;
  /** What of the headers a receiver can read, where that is not all. */
  readonly readable?: (headers: Headers) => Headers;
  /** For those who write what no client library would: how it gets into the broker. */
  readonly native?: unknown;
}

/** What has to become of a case. */
export type Prediction =
  | { readonly outcome: 'handled'; readonly type: string; readonly json: string }
  | { readonly outcome: 'expired' }
  /** Without a code the error is the handler's own. */
  | { readonly outcome: 'error'; readonly code: string | undefined };
