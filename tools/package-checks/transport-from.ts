import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.ts';

/**
 * Loads the adapter by its URL from the application in `folder`, as the package manager has laid it out, and asks for
 * one that is not installed: the core must name the command of that package manager.
 */
export function loadByUrl(folder: string, node: string, install: string): void {
  const code = `
    import assert from 'node:assert/strict';
    import { transportFrom } from '@busbar/core';

    const transport = await transportFrom('sqlite:never-opened.db').load();
    assert.equal(transport.address, 'sqlite:never-opened.db');
    await assert.rejects(transportFrom('amqp://localhost').load(), (error) => {
      assert.equal(error.code, 'MISSING_PACKAGE');
      assert.ok(error.message.includes('${install} @busbar/rabbitmq'), error.message);
      return true;
    });
  `;
  const main = path.join(folder, 'load-by-url.js');
  writeFileSync(main, code);
  // From another directory, so that only the place of the main module can help.
  command(node, ['--no-warnings', main], { cwd: path.parse(folder).root });
}
