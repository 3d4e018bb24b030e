import { connect, receive } from '../support/connect.ts';
import { toQueue } from '../support/messages.ts';
import { leave, report, told } from '../support/parent.ts';

// Handles one message for as long as the test likes, with a dispatch before and one after.
const [file = ''] = process.argv.slice(2);
const connection = await connect({ file });
const receiver = await receive(connection, 'slow', async () => {
  const finish = told('finish');
  await connection.dispatch([toQueue('quick')]);
  await report('handling');
  await finish;
  await connection.dispatch([toQueue('quick')]);
  await report('handled');
});
await report('started');
await told('stop');
await receiver.stop(AbortSignal.timeout(5_000));
await connection.close();
leave();
