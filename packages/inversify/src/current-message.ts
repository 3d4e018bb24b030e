import type { Headers, MessageScope } from '@busbar/core';
import type { Container } from 'inversify';
import { bindMessageScoped } from './bind-message-scoped.ts';

/**
 * The message being handled, to be injected: `@inject(CurrentMessage) message: CurrentMessage`. It is bound by the
 * adapter for handlers and all that is made for them.
 */
export abstract class CurrentMessage implements MessageScope {
  abstract readonly messageId: string;
  abstract readonly headers: Headers;
  abstract readonly endpoint: string;
}

export function bindCurrentMessage(container: Container): void {
  bindMessageScoped(container, CurrentMessage, (message) => message);
}
