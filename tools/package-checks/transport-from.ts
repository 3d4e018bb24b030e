import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.ts';

/**
 * Loads adapters by their URLs from the application in `folder`, as the package manager has laid it out, and asks for
 * one that was taken away: the core must name the command of that package manager.
 */
export function loadByUrl(folder: string, node: string, install: string): void {
  const code = `
    import assert from 'node:assert/strict';
    import { transportFrom } from '@busbar/core';

    const transport = await transportFrom('sqlite:never-opened.db').load();
    assert.equal(transport.address, 'sqlite:never-opened.db');
    const remote = await transportFrom('amqp://localhost:5672/never-opened').load();
    assert.equal(remote.address, 'amqp://localhost:5672/never-opened');
    const aws = await transportFrom('sqs://eu-west-1').load();
    assert.equal(aws.address, 'sqs://eu-west-1');
    await assert.rejects(transportFrom('sb://never.example').load(), (error) => {
      assert.equal(error.code, 'MISSING_PACKAGE');
      assert.ok(error.message.includes('${install} @busbar/azure-service-bus'), error.message);
      return true;
    });
  `;
  const main = path.join(folder, 'load-by-url.js');
  writeFileSync(main, code);
  const adapter = path.join(folder, 'node_modules/@busbar/azure-service-bus');
  const away = `${adapter}.away`;
  renameSync(adapter, away);
  try {
    // From another directory, so that only the place of the main module can help.
    command(node, ['--no-warnings', main], { cwd: path.parse(folder).root });
  } finally {
    renameSync(away, adapter);
  }
}
