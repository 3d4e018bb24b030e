// The main module of a process that the test starts; it stands where the workspace shows it the adapter.
import { transportFrom } from '@busbar/core';

const transport = await transportFrom('sqlite:never-opened.db').load();
process.stdout.write(transport.address);
