import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RabbitMajor } from '../../test/support/rabbitmq/rabbitmq-programs.ts';
import { command } from '../package-checks/command.ts';
import { releases } from './releases.ts';
import { unpackPackages } from './unpacked-packages.ts';
import { serverVersion } from './unpacked-server.ts';

// The package's real scripts first on the path: what it puts in sbin logs to files and insists on the user rabbitmq.
const settings = [
  'ENV PATH=/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'ENV HOME=/var/lib/rabbitmq LANG=C.UTF-8 RABBITMQ_LOGS=-',
  'WORKDIR /var/lib/rabbitmq',
  'VOLUME /var/lib/rabbitmq',
  'EXPOSE 4369 5671 5672 15671 15672 25672',
  'ENTRYPOINT ["tini", "--"]',
  'CMD ["rabbitmq-server"]',
];

const configuration = ['loopback_users.guest = false', 'log.console = true', 'log.file = false'];

/**
 * Gives the engine an image that stands in for the official one where no registry can be reached, under the same name.
 * Made of Debian's packages; as one thing that differs, the broker runs as root in it.
 */
export function importImage(major: RabbitMajor): string {
  const scratch = mkdtempSync(path.join(tmpdir(), 'busbar-image-'));
  try {
    const tree = path.join(scratch, 'root');
    unpackPackages(releases[major], ['?essential', 'rabbitmq-server', 'tini'], tree);
    configure(tree);
    const [one, two] = serverVersion(tree).split('.');
    const image = `rabbitmq:${one}.${two}-management`;
    const archive = path.join(scratch, 'root.tar');
    const owner = ['--owner=0', '--group=0', '--numeric-owner'];
    command('tar', ['--create', '--file', archive, ...owner, '--directory', tree, '.'], {
      cwd: '/',
    });
    const changes = settings.flatMap((setting) => ['--change', setting]);
    command('docker', ['import', ...changes, archive, image], { cwd: '/' });
    return image;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What the packages' scripts would have made, as far as a broker needs it. */
function configure(tree: string): void {
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
    writeFileSync(path.join(tree, name), `${text}\n`);
  };
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh');
  write('etc/group', 'root:x:0:');
  write('etc/rabbitmq/enabled_plugins', '[rabbitmq_management].');
  write('etc/rabbitmq/conf.d/10-defaults.conf', configuration.join('\n'));
  rmSync(path.join(tree, 'etc/rabbitmq/rabbitmq-env.conf'), { force: true });
}
