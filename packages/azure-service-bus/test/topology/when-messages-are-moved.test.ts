import { ServiceBusClient } from '@azure/service-bus';
import { headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { type OpenConnection, openConnection } from '../support/open-connection.ts';

async function fill({ connection }: OpenConnection, queue: string, count: number): Promise<void> {
  const results = await connection.dispatch(
    Array.from({ length: count }, (_, index) => ({
      message: { headers: { [headerNames.messageId]: `m${index}` }, body: new Uint8Array([1]) },
      destination: { kind: 'queue', queue } as const,
    })),
  );
  expect(results.every(({ outcome }) => outcome === 'confirmed')).toBe(true);
}

describe('when messages are moved', () => {
  test('should reach one behind more than a link can hold', async (context) => {
    await using open = await openConnection(context);
    const { queues } = open.connection;
    await queues.provision([{ name: 'error' }, { name: 'sales' }]);
    await fill(open, 'error', 2_100);
    const nativeIds = (await queues.peek('error', 5_000)).slice(-1).map(({ nativeId }) => nativeId);
    expect(await queues.move({ from: 'error', to: 'sales', nativeIds })).toBe(1);
    expect(open.control.messages('sales').map(({ messageId }) => messageId)).toEqual(['m2099']);
    expect(open.control.counts('error')).toMatchObject({ active: 2_099, locked: 0 });
  });

  test('should give up none of those before', async (context) => {
    await using open = await openConnection(context);
    const { queues } = open.connection;
    open.control.createQueue('error', { maxDeliveryCount: 3 });
    await queues.provision([{ name: 'sales' }]);
    await fill(open, 'error', 6);
    const all = (await queues.peek('error', 10)).map(({ nativeId }) => nativeId);
    const move = (nativeIds: readonly (string | undefined)[]): Promise<number> =>
      queues.move({
        from: 'error',
        to: 'sales',
        nativeIds: nativeIds.filter((nativeId) => nativeId !== undefined),
      });
    expect(await move([all[5]])).toBe(1);
    expect(await move([all[4]])).toBe(1);
    await expect(move([all[3]])).rejects.toThrow(/3 messages before .* given up/);
    expect(open.control.counts('error')).toMatchObject({ active: 4, deadLetters: 0 });
    expect(await move(all.slice(0, 4))).toBe(4);
  });

  test('should say what it could not reach', async (context) => {
    await using open = await openConnection(context);
    const { queues } = open.connection;
    await queues.provision([{ name: 'error' }, { name: 'sales' }]);
    await fill(open, 'error', 2);
    const other = new ServiceBusClient(open.connectionString);
    await other.createReceiver('error').receiveMessages(1);
    const nativeIds = (await queues.peek('error', 5)).map(({ nativeId }) => nativeId);
    await expect(queues.move({ from: 'error', to: 'sales', nativeIds })).rejects.toThrow(
      /could not be reached and still lie there/,
    );
    await other.close();
  });
});
