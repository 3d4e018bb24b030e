import type { Headers } from '../headers.ts';

/** A class whose instances handle messages. */
export type HandlerClass<T extends object = object> = new (...dependencies: never[]) => T;

/** The message whose handlers are being resolved. */
export interface MessageScope {
  readonly messageId: string;
  readonly headers: Headers;
  readonly endpoint: string;
}

/** Makes handler instances. One small seam, so that any container is an adapter of a few lines. */
export interface HandlerContainer {
  /** For diagnostics, such as `inversify`. */
  readonly name: string;
  /** An instance of `type`, for the message whose scope is around the call. */
  resolve<T extends object>(type: HandlerClass<T>): T | Promise<T>;
  /** Runs everything of one message: what belongs to that message lives inside `run` and is given up after it. */
  within<R>(scope: MessageScope, run: () => Promise<R>): Promise<R>;
  /**
   * Called once at start with every handler class. Throws, before any message is received, what would fail at the
   * first message: a missing binding, decorators that did not run, two copies of a package.
   */
  verify?(types: readonly HandlerClass[]): void | Promise<void>;
}
