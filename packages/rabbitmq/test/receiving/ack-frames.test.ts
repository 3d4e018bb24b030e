import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Channel } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { AckFrames } from '../../src/receiving/ack-frames.ts';

/** The part of amqplib's channel that writes: to the socket, and through a buffer of its own. */
function channelWith(socket: PassThrough, buffer: PassThrough | undefined = new PassThrough()) {
  const channels = [null, null, null, { buffer }];
  const connection = { channels, sendBytes: (bytes: Buffer) => void socket.write(bytes) };
  return { ch: 3, connection } as unknown as Channel;
}

const frame = (tag: string): string =>
  `01 0003 0000000d 003c 0050 ${tag} 00 ce`.replaceAll(' ', '');

describe('acknowledgements', () => {
  test('should leave together at the end of the turn, one for each delivery', async () => {
    const buffer = new PassThrough();
    const acks = new AckFrames(channelWith(buffer));
    for (const tag of [1, 258, 2 ** 32 + 7]) acks.add(tag);
    expect(buffer.read()).toBeNull();
    await nextTurn();
    expect((buffer.read() as Buffer).toString('hex')).toBe(
      frame('0000000000000001') + frame('0000000000000102') + frame('0000000100000007'),
    );
    acks.add(9);
    await nextTurn();
    expect((buffer.read() as Buffer).toString('hex')).toBe(frame('0000000000000009'));
  });

  test('should leave at once before a channel is closed, and only once', async () => {
    const buffer = new PassThrough();
    const acks = new AckFrames(channelWith(buffer));
    acks.add(1);
    acks.flush();
    expect((buffer.read() as Buffer).length).toBe(21);
    await nextTurn();
    expect(buffer.read()).toBeNull();
  });

  test('should not overtake what is on its way', async () => {
    const socket = new PassThrough();
    const buffer = new PassThrough();
    const acks = new AckFrames(channelWith(socket, buffer));
    acks.inOrder = true;
    acks.add(1);
    await nextTurn();
    expect(socket.read()).toBeNull();
    expect((buffer.read() as Buffer).length).toBe(21);
  });

  test('should not be written to a channel that has closed', async () => {
    const socket = new PassThrough();
    const closed = new AckFrames(channelWith(socket));
    closed.add(1);
    closed.forget();
    const buffer = new PassThrough();
    const ended = new AckFrames(channelWith(socket, buffer));
    ended.add(1);
    buffer.end();
    await nextTurn();
    expect(socket.read()).toBeNull();
  });

  test('should go through the client where that has other parts', () => {
    const told: unknown[] = [];
    const ack = (message: unknown): void => void told.push(message);
    const acks = new AckFrames({ ack } as unknown as Channel);
    acks.add(5);
    acks.addAtOnce(6);
    expect(told).toEqual([5, 6].map((deliveryTag) => ({ fields: { deliveryTag } })));
    expect(acks.recent).toBe(2);
  });
});
