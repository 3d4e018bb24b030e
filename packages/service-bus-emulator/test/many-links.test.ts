import { expect, onTestFinished, test } from 'vitest';
import { receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

test('should keep nothing of a link that has ended for as long as its connection lives', async () => {
  const { client, control } = fixture();
  const warnings: string[] = [];
  const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  control.createQueue('orders');
  const sender = client.createSender('orders');
  // Node warns of the eleventh listener of a kind, which is one that nobody removed.
  for (let link = 0; link < 12; link += 1) {
    await sender.sendMessages({ body: link });
    const receiver = client.createReceiver('orders');
    await receiver.completeMessage(await receiveOne(receiver));
    await receiver.close();
  }
  const open = Array.from({ length: 12 }, () => client.createReceiver('orders'));
  await Promise.all(open.map((receiver) => receiver.peekMessages(1)));
  await Promise.all(open.map((receiver) => receiver.receiveMessages(1, { maxWaitTimeInMs: 1 })));
  expect(control.counts('orders').active).toBe(0);
  expect(warnings).toEqual([]);
});
