/** This order will never be accepted, however often it is tried. */
export class OrderRejected extends Error {
  override readonly name = 'OrderRejected';
}
