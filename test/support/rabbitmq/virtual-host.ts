/**
 * What keeps tests on one broker apart:
 *
 *     await using host = await createVirtualHost(broker); // or a private node
 *     const connection = await connect(host.url);
 *     await channel.assertQueue(`${host.prefix}orders`);
 *
 * It costs 30 ms where there is the management API, a second on a private node without, which asks `rabbitmqctl`. A broker
 * from the environment may have neither; then everybody shares the host in its URL, and only the prefix tells tests apart.
 */
import { randomUUID } from 'node:crypto';
import { ManagementApi } from './management-api.ts';

/** A `Broker` or a `PrivateNode`. */
export interface VirtualHostOwner {
  readonly url: string;
  readonly managementUrl?: string | undefined;
  ctl?(...args: readonly string[]): Promise<string>;
}

export interface VirtualHost extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Belongs before every name. Empty if the host is the test's alone. */
  readonly prefix: string;
  /** To look at the broker with; the path names the host: `/queues/${encodeURIComponent(host.name)}`. */
  readonly management: ManagementApi | undefined;
  /** Deletes it with all that is in it, which closes the connections to it. */
  close(): Promise<void>;
}

export async function createVirtualHost(owner: VirtualHostOwner): Promise<VirtualHost> {
  const id = `busbar-test-${randomUUID().slice(0, 13)}`;
  const { username, pathname } = new URL(owner.url);
  const user = decodeURIComponent(username);
  const all = { configure: '.*', write: '.*', read: '.*' };
  if (owner.managementUrl !== undefined) {
    const management = new ManagementApi(owner.managementUrl);
    await management.put(`/vhosts/${id}`);
    await management.put(`/permissions/${id}/${encodeURIComponent(user)}`, all);
    return isolated(owner.url, id, management, () => management.delete(`/vhosts/${id}`));
  }
  if (owner.ctl !== undefined) {
    await owner.ctl('add_vhost', id);
    await owner.ctl('set_permissions', '--vhost', id, user, '.*', '.*', '.*');
    return isolated(owner.url, id, undefined, () => owner.ctl?.('delete_vhost', id));
  }
  return {
    name: decodeURIComponent(pathname.slice(1)) || '/',
    url: owner.url,
    prefix: `${id}-`,
    management: undefined,
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

function isolated(
  brokerUrl: string,
  name: string,
  management: ManagementApi | undefined,
  remove: () => Promise<unknown> | undefined,
): VirtualHost {
  const url = new URL(brokerUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= Promise.resolve(remove()).then(() => {}));
  return { name, url: url.href, prefix: '', management, close, [Symbol.asyncDispose]: close };
}
