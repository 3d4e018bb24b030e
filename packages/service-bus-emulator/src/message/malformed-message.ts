export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';

  constructor(detail: string) {
    super(`The bytes are no AMQP message: ${detail}`);
  }
}
