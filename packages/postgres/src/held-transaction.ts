/** A transaction of a library that runs it as a callback, held open until it is told how to end. */
export interface HeldTransaction<Transaction> {
  readonly transaction: Transaction;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/**
 * Begins one. `transact` is the library's: it commits when what it is given resolves, and rolls back when that rejects.
 * Rejects when it could not begin.
 */
export async function holdTransaction<Transaction>(
  transact: (body: (transaction: Transaction) => Promise<void>) => Promise<void>,
): Promise<HeldTransaction<Transaction>> {
  const begun = Promise.withResolvers<Transaction>();
  const ending = Promise.withResolvers<void>();
  const ended = transact((transaction) => {
    begun.resolve(transaction);
    return ending.promise;
  });
  // Without effect once it has begun; but then the library may still end it by itself, and nobody listens yet.
  ended.catch(begun.reject);
  return {
    transaction: await begun.promise,
    commit: () => {
      ending.resolve();
      return ended;
    },
    rollback: async () => {
      const undone = new Error('The transaction is rolled back.');
      ending.reject(undone);
      await ended.catch((error: unknown) => {
        if (error !== undone) throw error;
      });
    },
  };
}
