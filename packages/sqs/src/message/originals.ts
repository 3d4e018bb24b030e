import type { Message } from '@aws-sdk/client-sqs';
import { isOurs } from './wire-message.ts';

/** Our own copies grow by much less than this, and small ones never come near what a queue takes. */
const mayBecomeTooLarge = 32_768;

/** As what a body was received, for as long as somebody has the body: what SQS took once it takes again. */
export class Originals {
  readonly #byBody = new WeakMap<Uint8Array, Message>();

  note(message: Message, body: Uint8Array): void {
    if (isOurs(message) && body.byteLength < mayBecomeTooLarge) return;
    this.#byBody.set(body, message);
  }

  of(body: Uint8Array): Message | undefined {
    return this.#byBody.get(body);
  }
}
