import { connect } from '../support/connect.ts';
import { toTopics } from '../support/messages.ts';
import { leave, report, told } from '../support/parent.ts';

// Opens a file that others open at the same moment, and does what an endpoint does at its start.
const [file = '', name = ''] = process.argv.slice(2);
await report('ready');
await told('go');
const connection = await connect({ file });
await connection.queues.provision([{ name: 'shared' }, { name }]);
await connection.subscriptions.subscribe(name, ['topic']);
await connection.subscriptions.subscribe('shared', ['topic']);
const results = await connection.dispatch([toTopics(['topic'], { id: name })]);
await connection.close();
await report('done', results);
leave();
