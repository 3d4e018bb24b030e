import type { SdkClient, SqsTransportOptions } from '@busbar/sqs';

/** The input or the output of a call, as far as faults look at it. */
interface Batch {
  Entries?: { Id?: string }[];
  PublishBatchRequestEntries?: { Id?: string }[];
  Messages?: object[];
  Successful?: object[];
  Failed?: object[];
}

/** What is done to a call: it calls `send` once, never, or twice, and returns or throws what the SDK would. */
export type Fault = (input: Batch, send: (input: Batch) => Promise<Batch>) => Promise<Batch>;

interface Rule {
  readonly calls: RegExp;
  readonly fault: Fault;
  /** How many calls it still hits. */
  left: number;
  /** One of so many calls. */
  readonly every: number;
  seen: number;
}

/** Stands between a transport and its clients, and does to their calls what networks and services do. */
export class FaultLayer {
  readonly calls: string[] = [];
  readonly hits = new Map<string, number>();
  readonly #rules: Rule[] = [];
  #waiting: { readonly name: string; readonly count: number; readonly resolve: () => void }[] = [];

  /** For the transport's options. */
  readonly install: NonNullable<SqsTransportOptions['configureClient']> = (client: SdkClient) => {
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const name = String(context['commandName']).replace(/Command$/, '');
        this.calls.push(name);
        this.#look();
        const rule = this.#rules.find((each) => takes(each, name));
        if (rule === undefined) return next(args);
        this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
        const send = async (input: Batch): Promise<Batch> =>
          (await next({ ...args, input: input as typeof args.input })).output as Batch;
        const output = await rule.fault(args.input as Batch, send);
        return { response: {}, output: { $metadata: {}, ...output } as never };
      },
      { step: 'initialize', name: 'faultLayer', priority: 'high' },
    );
  };

  /** From now on the fault hits calls of these names, `times` times, each time one of `every`. */
  add(calls: RegExp, fault: Fault, times = Number.POSITIVE_INFINITY, every = 1): void {
    this.#rules.push({ calls, fault, left: times, every, seen: 0 });
  }

  /** Nothing is disturbed any more. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** Resolves when so many calls of this name have begun, counted from now. */
  seen(name: string, times: number): Promise<void> {
    const count = this.count(name) + times;
    return new Promise((resolve) => {
      this.#waiting.push({ name, count, resolve });
      this.#look();
    });
  }

  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  #look(): void {
    const done = this.#waiting.filter(({ name, count }) => this.count(name) >= count);
    this.#waiting = this.#waiting.filter((each) => !done.includes(each));
    for (const { resolve } of done) resolve();
  }
}

function takes(rule: Rule, name: string): boolean {
  if (rule.left === 0 || !rule.calls.test(name)) return false;
  rule.seen += 1;
  if (rule.seen % rule.every !== 0) return false;
  rule.left -= 1;
  return true;
}

/** An error as the SDK throws it. */
export function awsError(name: string, message: string, status?: number): Error {
  const error = new Error(message);
  return Object.assign(error, {
    name,
    ...(status === undefined ? { code: name } : { $metadata: { httpStatusCode: status } }),
  });
}

/** The service asks to slow down; it has done nothing. */
export const throttled: Fault = async () => {
  throw awsError('ThrottlingException', 'Rate exceeded', 400);
};

/** The service has done it, and its answer is lost. */
export const answerLost: Fault = async (input, send) => {
  await send(input);
  throw awsError('TimeoutError', 'Connection timed out after 10000 ms');
};

/** The connection breaks before the service reads anything. */
export const cutOff: Fault = async () => {
  throw awsError('ECONNRESET', 'socket hang up');
};

/** The keys have expired. */
export const expired: Fault = async () => {
  throw awsError(
    'ExpiredTokenException',
    'The security token included in the request is expired',
    403,
  );
};

/** Messages come in another order. */
export const reordered: Fault = async (input, send) => {
  const output = await send(input);
  return { ...output, Messages: output.Messages?.toReversed() ?? [] };
};

/** The service does it twice. */
export const doneTwice: Fault = async (input, send) => {
  await send(input);
  return send(input);
};

/** Every other entry of a batch fails by a fault of the service. */
export const everyOtherFails: Fault = async (input, send) => {
  const name = input.Entries === undefined ? 'PublishBatchRequestEntries' : 'Entries';
  const entries = input[name] ?? [];
  const good = entries.filter((_entry, index) => index % 2 === 0);
  const bad = entries.filter((_entry, index) => index % 2 === 1);
  const output = good.length === 0 ? {} : await send({ ...input, [name]: good });
  const failed = bad.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false }));
  return { ...output, Failed: [...(output.Failed ?? []), ...failed] };
};
