import { afterAll, beforeAll } from 'vitest';
import { FaultLayer } from '../../../../test/support/sqs/fault-layer.ts';
import { LocalAws, pollBriefly } from '../../../../test/support/sqs/local-aws.ts';
import { type OpenConnection, openConnection } from './open-connection.ts';
import type { SqsTransportOptions } from '@busbar/sqs';
import type { Clock, Logger } from '@busbar/core';

/** An emulator for the tests of a file, and connections to it. */
export interface LocalQueues {
  readonly aws: LocalAws;
  /** A name that no other test has. */
  name(label: string): string;
  /** A connection whose calls go through a fault layer of its own. */
  open(
    options?: SqsTransportOptions,
    host?: { readonly clock?: Clock; readonly logger?: Logger },
  ): Promise<OpenConnection & { readonly faults: FaultLayer }>;
}

/** Registers the start and the end of the emulator. */
export function localQueues(): LocalQueues {
  let aws: LocalAws | undefined;
  let names = 0;
  beforeAll(async () => {
    aws = await LocalAws.start();
  });
  afterAll(async () => aws?.[Symbol.asyncDispose]());
  return {
    get aws() {
      if (aws === undefined) throw new Error('The emulator is there within tests alone.');
      return aws;
    },
    name(label) {
      names += 1;
      return `${label}-${names}`;
    },
    async open(options = {}, host = {}) {
      const faults = new FaultLayer();
      const opened = await openConnection(
        {
          ...this.aws.options,
          configureClient: (client) => {
            faults.install(client);
            pollBriefly(client);
          },
          ...options,
        },
        host,
      );
      return { ...opened, faults };
    },
  };
}
