/**
 * A program that has a link, and does what its arguments say:
 *
 *     process.ts <url> <options as JSON> <close | stay>
 *
 * It prints what the link tells, and what went wrong.
 */
import { systemClock } from '@busbar/core';
import { Link } from '../../../src/connection/link.ts';
import { checkOptions } from '../../../src/rabbitmq-options.ts';

const [, , url = '', options = '{}', end = 'close'] = process.argv;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const host = {
  endpoint: 'child',
  instance: 'instance',
  clock: systemClock,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  onCritical: () => {},
};
const link = new Link(checkOptions({ ...(JSON.parse(options) as object), url }), host, 'test');
link.listen({
  up: () => say('up'),
  down: () => {
    say('down');
    // Who waits for it must not keep the process when it is closed.
    void link.whenUp(600_000).catch(() => undefined);
  },
});
process.on('exit', () => say('exit'));
try {
  await link.open();
} catch (error) {
  say((error as { readonly code: string }).code);
}
if (end === 'close') {
  // The test has made the network bad by now.
  if (link.session !== undefined)
    await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
  await link.close();
  say('closed');
}
