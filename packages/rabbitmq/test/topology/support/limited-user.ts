import { randomUUID } from 'node:crypto';
import type { VirtualHost } from '../../../../../test/support/rabbitmq/virtual-host.ts';
import type { Permissions } from './least-permissions.ts';

/** A user of one virtual host with nothing but these rights; gone with the test. */
export interface LimitedUser extends AsyncDisposable {
  /** As that user. */
  readonly url: string;
  readonly credentials: string;
}

/** Undefined where the broker has no management interface to make users with. */
export async function limitedUser(
  vhost: VirtualHost,
  permissions: Permissions,
  tags = '',
): Promise<LimitedUser | undefined> {
  const { management } = vhost;
  if (management === undefined) return undefined;
  const name = `user-${randomUUID().slice(0, 8)}`;
  const password = 'p@ss/word';
  await management.put(`/users/${name}`, { password, tags });
  await management.put(`/permissions/${encodeURIComponent(vhost.name)}/${name}`, permissions);
  const url = new URL(vhost.url);
  url.username = name;
  url.password = encodeURIComponent(password);
  return {
    url: url.href,
    credentials: `${name}:${encodeURIComponent(password)}`,
    [Symbol.asyncDispose]: async () => void (await management.delete(`/users/${name}`)),
  };
}
