import type { Fault, FaultLayer } from '../../../../test/support/sqs/fault-layer.ts';

/** A message as SQS would deliver it, of the partition key that its id begins with. */
export function incoming(id: string, attributes: Readonly<Record<string, string>> = {}) {
  const headers = { 'busbar-message-id': id, 'busbar-partition-key': id.charAt(0) };
  return {
    MessageId: id,
    ReceiptHandle: `receipt-${id}`,
    Body: '{}',
    Attributes: { ApproximateReceiveCount: '1', ...attributes },
    MessageAttributes: {
      'busbar-headers': { DataType: 'String', StringValue: JSON.stringify(headers) },
    },
  };
}

interface Entries {
  readonly Entries?: readonly {
    readonly Id?: string;
    readonly ReceiptHandle?: string;
    readonly VisibilityTimeout?: number;
  }[];
}

/**
 * What a queue says is written down, for what the emulator does not do: it brings one message of a group at a time,
 * and AWS up to ten. A call that fetches waits until there is something.
 */
export class ScriptedQueue {
  readonly deleted: string[] = [];
  readonly givenBack: string[] = [];
  /** Renewals of these are refused. */
  readonly lost = new Set<string>();
  #answers: object[][] = [];
  #ended = false;
  #wake: (() => void)[] = [];
  #watching: (() => void)[] = [];

  constructor(faults: FaultLayer) {
    faults.add(/^ReceiveMessage$/, this.#receive);
    faults.add(/^DeleteMessageBatch$/, this.#delete);
    faults.add(/^ChangeMessageVisibilityBatch$/, this.#change);
  }

  /** What one receive brings. */
  answer(...messages: object[]): void {
    this.#answers.push(messages);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Resolves when the condition holds, which is looked at after each call. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watching.push(resolve));
  }

  /** Ends the fetches that wait: there is nothing more. */
  end(): void {
    this.#ended = true;
    for (const wake of this.#wake.splice(0)) wake();
  }

  readonly #receive: Fault = async (input) => {
    // That of delays has a receiver of its own.
    const { QueueUrl = '' } = input as { readonly QueueUrl?: string };
    const answers = QueueUrl.endsWith('_delay') ? [] : this.#answers;
    while (answers.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
    return { Messages: answers.shift() ?? [] };
  };

  readonly #delete: Fault = async (input) => {
    this.deleted.push(...idsOf(input));
    this.#look();
    return { Successful: [] };
  };

  readonly #change: Fault = async (input) => {
    const { Entries = [] } = input as Entries;
    const back = Entries.filter(({ VisibilityTimeout }) => VisibilityTimeout === 0);
    this.givenBack.push(...idsOf({ Entries: back }));
    const failed = Entries.filter((entry) =>
      idsOf({ Entries: [entry] }).some((id) => this.lost.has(id)),
    );
    this.#look();
    return { Failed: failed.map(({ Id }) => ({ Id, Code: 'ReceiptHandleIsInvalid' })) };
  };

  #look(): void {
    for (const wake of this.#watching.splice(0)) wake();
  }
}

function idsOf(input: object): string[] {
  const { Entries = [] } = input as Entries;
  return Entries.map(({ ReceiptHandle = '' }) => ReceiptHandle.replace('receipt-', ''));
}
