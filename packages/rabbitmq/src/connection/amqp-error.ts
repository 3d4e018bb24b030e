/** Reply codes of AMQP 0-9-1 that are told apart here. */
export const replyCodes = {
  connectionForced: 320,
  accessRefused: 403,
  notFound: 404,
  resourceLocked: 405,
  preconditionFailed: 406,
} as const;

/** The reply code that the broker gave with an error, or undefined. */
export function replyCodeOf(error: unknown): number | undefined {
  const code: unknown = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** Whether `error` is the broker's answer with this code. */
export function isReply(error: unknown, code: keyof typeof replyCodes): boolean {
  return replyCodeOf(error) === replyCodes[code];
}
