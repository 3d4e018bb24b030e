import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '../data-layer.ts';
import { endOwnConnection } from '../end-connection.ts';
import { type HeldTransaction, holdTransaction } from '../held-transaction.ts';
import { notFailed } from '../not-failed.ts';
import { givesRows } from './gives-rows.ts';
import { unwrapPrismaError } from './prisma-error.ts';

/** What a generated client and its transactions do with SQL. */
export interface PrismaRunner {
  $queryRawUnsafe<Result = unknown>(text: string, ...values: unknown[]): PromiseLike<Result>;
  $executeRawUnsafe(text: string, ...values: unknown[]): PromiseLike<number>;
}

/** A client that Prisma has generated. */
export interface PrismaClientLike extends PrismaRunner {
  $transaction<Result>(
    body: (transaction: PrismaRunner) => Promise<Result>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<Result>;
}

/** What `$transaction` of a client gives to its callback. */
export type PrismaTransaction<Client> = Client extends {
  $transaction(body: (transaction: infer Transaction) => Promise<unknown>): Promise<unknown>;
}
  ? Transaction
  : never;

/** A day, because Node has timers up to 24 of them: it is the endpoint that limits how long a message is handled. */
const limits = { maxWait: 86_400_000, timeout: 86_400_000 };

/** The data layer of Prisma. Its adapter decides whether statements are prepared (`statementNameGenerator`). */
export class PrismaLayer<Client extends PrismaClientLike> implements DataLayer<
  PrismaTransaction<Client>
> {
  readonly name = 'prisma';
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return runOn(this.#client, statement);
  }

  async begin(): Promise<OpenTransaction<PrismaTransaction<Client>>> {
    const held = await withSqlErrors(
      holdTransaction<PrismaTransaction<Client>>((body) =>
        this.#client.$transaction(
          (transaction) => body(transaction as PrismaTransaction<Client>),
          limits,
        ),
      ),
    );
    return new OpenPrismaTransaction(held);
  }

  within(transaction: PrismaTransaction<Client>): SqlRunner {
    return { run: (statement) => runOn(transaction, statement) };
  }
}

class OpenPrismaTransaction<Transaction> implements OpenTransaction<Transaction> {
  readonly transaction: Transaction;
  readonly #held: HeldTransaction<Transaction>;

  constructor(held: HeldTransaction<Transaction>) {
    this.transaction = held.transaction;
    this.#held = held;
  }

  run(statement: SqlStatement): Promise<SqlResult> {
    return runOn(this.transaction as PrismaRunner, statement);
  }

  async commit(last: SqlStatement = notFailed): Promise<void> {
    try {
      await this.run(last);
    } catch (error) {
      await this.rollback().catch(() => {});
      throw error;
    }
    await withSqlErrors(this.#held.commit());
  }

  rollback(): Promise<void> {
    return withSqlErrors(this.#held.rollback());
  }

  /** Prisma keeps its connections to itself, so the server has to end this one, behind the statement that runs. */
  async abandon(): Promise<void> {
    await this.run(endOwnConnection).catch(() => {});
    await this.rollback().catch(() => {});
  }
}

/** Prisma tells either the rows of a statement or how many it changed. */
async function runOn(runner: PrismaRunner, { text, values }: SqlStatement): Promise<SqlResult> {
  if (!givesRows(text)) {
    return { rows: [], count: await withSqlErrors(runner.$executeRawUnsafe(text, ...values)) };
  }
  const rows = await withSqlErrors(runner.$queryRawUnsafe<SqlResult['rows']>(text, ...values));
  return { rows, count: rows.length };
}

async function withSqlErrors<Result>(result: PromiseLike<Result>): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    throw unwrapPrismaError(error);
  }
}
