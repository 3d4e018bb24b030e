/** Where Prisma puts what its driver adapter said; of a COMMIT it hands on the error of the adapter itself. */
interface PrismaErrorLike {
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: AdapterError } };
  readonly cause?: unknown;
}

interface AdapterError {
  readonly kind?: string;
  /** SQLSTATE. */
  readonly originalCode?: string;
  readonly originalMessage?: string;
  readonly constraint?: { readonly index?: string };
}

/** Raw statements tell what has a code of Prisma's own elsewhere only by its kind. */
const codes: Readonly<Record<string, string>> = {
  DatabaseNotReachable: 'P1001',
  SocketTimeout: 'P1008',
  ConnectionClosed: 'P1017',
};

const unwrapped = new WeakMap<Error, Error>();

/**
 * The error of the database in an error of Prisma, in the form of `pg`: with its SQLSTATE as `code`, its `constraint`, and the
 * error of Prisma as `cause`. Others are given back as they are.
 */
export function unwrapPrismaError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const known = unwrapped.get(error);
  if (known !== undefined) return known;
  const found = adapterErrorOf(error);
  const code = found?.originalCode ?? codes[found?.kind ?? ''];
  if (found === undefined || code === undefined) return error;
  const made = new Error(found.originalMessage ?? error.message.trim(), { cause: error });
  unwrapped.set(error, Object.assign(made, { code, constraint: found.constraint?.index }));
  return made;
}

function adapterErrorOf(error: Error): AdapterError | undefined {
  const { meta, cause } = error as PrismaErrorLike;
  if (error.name === 'DriverAdapterError') return cause as AdapterError | undefined;
  return meta?.driverAdapterError?.cause;
}
