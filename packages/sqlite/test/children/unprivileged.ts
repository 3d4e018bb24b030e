import { BusbarError } from '@busbar/core';
import { connect } from '../support/connect.ts';
import { leave, report } from '../support/parent.ts';

// Opens files as a user who may not write to them.
const nobody = 65_534;
if (process.getuid?.() === 0) {
  process.setgid?.(nobody);
  process.setuid?.(nobody);
}
for (const file of process.argv.slice(2)) {
  try {
    const connection = await connect({ file });
    await report('opened', connection.health());
    await connection.close();
  } catch (error) {
    const { code, message } = error as BusbarError;
    await report('refused', { code, named: message.includes(file), message });
  }
}
leave();
