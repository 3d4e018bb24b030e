/** The demo cannot begin; the message is all that the user needs to know. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}
