/** Requests that are under way together: the service refuses who asks for much at once. */
const mostAtOnce = 8;

/**
 * Does the same with each item, several at a time, and returns the results in their order. After the first failure none is
 * begun any more, and it rejects when all that were begun have ended: nothing goes on behind the back of its caller.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await action(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(mostAtOnce, items.length) }, worker);
  const failure = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
  return results;
}
