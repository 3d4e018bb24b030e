import { nothing, openNew, persist } from '../support/persist.ts';
import { leave, report, told } from '../support/parent.ts';

// Opens a file that others open at the same moment, as one of two endpoints, and records one message.
const [file = '', name = ''] = process.argv.slice(2);
await report('ready');
await told('go');
const persistence = await persist({ file }, { endpoint: name < 'c' ? 'first' : 'second' });
const session = await openNew(persistence, name);
await session.commit(nothing);
await persistence.close();
await report('done');
leave();
