import { readFile } from 'node:fs/promises';
import { type Order, orderSchema } from '../contracts.ts';
import { CannotRun } from './cannot-run.ts';
import { oneLine } from './one-line.ts';

/** The orders of a file, and what is wrong with the lines that hold none. */
export interface OrdersFile {
  readonly orders: readonly Order[];
  /** One sentence per line that could not be read, with its number. */
  readonly malformed: readonly string[];
}

/**
 * Reads a file of orders, one JSON object per line. What the shop will not accept, such as an unknown article, is an
 * order all the same; a malformed line is none.
 *
 * @throws CannotRun when there is nothing to read
 */
export async function readOrders(file: string): Promise<OrdersFile> {
  const lines = (await readText(file)).replace(/^\uFEFF/, '').split(/\r?\n/);
  const orders: Order[] = [];
  const malformed: string[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const place = `${file}:${index + 1}`;
    const order = parseOrder(line);
    if (typeof order === 'string') {
      malformed.push(`${place}: ${order}`);
    } else if (lineOf.has(order.orderId)) {
      malformed.push(
        `${place}: order ${order.orderId} is on line ${lineOf.get(order.orderId)} too`,
      );
    } else {
      lineOf.set(order.orderId, index + 1);
      orders.push(order);
    }
  }
  if (orders.length === 0 && malformed.length === 0) throw new CannotRun(`${file} is empty.`);
  return { orders, malformed };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a directory',
      EACCES: 'it must not be read',
    };
    throw new CannotRun(
      `The orders file ${file} cannot be read: ${reasons[code ?? ''] ?? message}.`,
    );
  }
}

/** The order, or why the line is none. */
function parseOrder(line: string): Order | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON: ${oneLine(line, 60)}`;
  }
  const { data, error } = orderSchema.safeParse(value);
  if (data !== undefined) return data;
  return error.issues
    .map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
    .join('; ');
}
