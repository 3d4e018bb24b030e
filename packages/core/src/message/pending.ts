/** Whether a result is still to come. Of any promise, since a schema library may bring its own. */
export function isPending<T extends object>(result: T | Promise<T>): result is Promise<T> {
  return 'then' in result;
}
