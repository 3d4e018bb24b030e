import {
  type RabbitMajor,
  findPrograms,
  unpackedPrograms,
} from '../../test/support/rabbitmq/rabbitmq-programs.ts';
import { importImage } from './image.ts';
import { isRelease, releases } from './releases.ts';
import { unpackServer } from './unpacked-server.ts';

const [first, ...others] = process.argv.slice(2);
const images = first === '--images';
const named = images || first === undefined ? others : [first, ...others];
const wanted = named.length === 0 ? Object.keys(releases) : named;

for (const major of wanted) {
  try {
    if (!isRelease(major)) {
      throw new Error(`"${major}" is none of: ${Object.keys(releases).join(', ')}.`);
    }
    console.log(images ? `${importImage(major)} is an image now` : await bring(major));
  } catch (error) {
    // The other one may still be had.
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

async function bring(major: RabbitMajor): Promise<string> {
  const known = await findPrograms(major).catch(() => undefined);
  if (known === undefined) unpackServer(major, unpackedPrograms(major));
  const { version, folder } = known ?? (await findPrograms(major));
  return `RabbitMQ ${version} is in ${folder}`;
}
