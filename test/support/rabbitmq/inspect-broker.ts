import { connect } from 'amqplib';
import type { Broker } from './broker.ts';
import { ManagementApi } from './management-api.ts';
import { within } from './bounded-wait.ts';

const limitMs = 10_000;

/** What a broker says about itself; rejects if it does not let us in. */
export async function inspectBroker(
  url: string,
  managementUrl = usualManagementUrl(url),
): Promise<Pick<Broker, 'version' | 'managementUrl'>> {
  const version = await versionAt(url);
  return { version, ...((await canAdministrate(managementUrl)) && { managementUrl }) };
}

async function versionAt(url: string): Promise<string> {
  const connection = await connect(url, { timeout: limitMs });
  const { version } = connection.connection.serverProperties;
  await within(limitMs, 'the connection to close', connection.close());
  return version;
}

function usualManagementUrl(url: string): string {
  const { hostname, username, password, protocol } = new URL(url);
  const secure = protocol === 'amqps:';
  const scheme = secure ? 'https' : 'http';
  return `${scheme}://${username || 'guest'}:${password || 'guest'}@${hostname}:${secure ? 15671 : 15672}`;
}

/** Without that, tests cannot make virtual hosts of their own. */
async function canAdministrate(url: string): Promise<boolean> {
  try {
    const { tags } = (await new ManagementApi(url).get('/whoami')) as { tags: string | string[] };
    return (typeof tags === 'string' ? tags.split(',') : tags).includes('administrator');
  } catch {
    return false;
  }
}
