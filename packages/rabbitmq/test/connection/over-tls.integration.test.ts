import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type PrivateNode,
  startPrivateNode,
} from '../../../../test/support/rabbitmq/private-node.ts';
import { programsForTests } from '../../../../test/support/rabbitmq/programs-for-tests.ts';
import type { RabbitPrograms } from '../../../../test/support/rabbitmq/rabbitmq-programs.ts';
import {
  type ReservedPorts,
  reservePorts,
} from '../../../../test/support/rabbitmq/reserved-ports.ts';
import type { RabbitMqTlsOptions, RabbitMqTransportOptions } from '../../src/rabbitmq-options.ts';
import { type Certificates, opensslForTests } from './support/certificates.ts';
import { WatchedLink, errorOf } from './support/watched-link.ts';

const openssl = await opensslForTests();
const threes = await programsForTests('3');
const fours = await programsForTests('4');
const startMs = 120_000;
/** Longer than a test may take: what cannot work must not be tried for so long. */
const connectTimeoutMs = 600_000;

openssl.register('TLS', (makeCertificates) => {
  let certificates: Certificates;
  let reserved: ReservedPorts;

  beforeAll(async () => {
    certificates = await makeCertificates();
    reserved = await reservePorts(2);
  });
  afterAll(async () => {
    reserved.release();
    await certificates[Symbol.asyncDispose]();
  });

  const startNode = (
    programs: RabbitPrograms,
    port: number,
    conf: string,
  ): Promise<PrivateNode> => {
    const { authority, broker } = certificates;
    return startPrivateNode({
      programs,
      plugins: ['rabbitmq_auth_mechanism_ssl'],
      conf: `
        listeners.ssl.default = 127.0.0.1:${port}
        ssl_options.cacertfile = ${authority.certFile}
        ssl_options.certfile = ${broker.certFile}
        ssl_options.keyfile = ${broker.keyFile}
        auth_mechanisms.1 = PLAIN
        auth_mechanisms.2 = EXTERNAL
        ssl_cert_login_from = common_name
        ${conf}`,
    });
  };
  const trusting = (more: RabbitMqTlsOptions = {}): { readonly tls: RabbitMqTlsOptions } => ({
    tls: { ca: certificates.authority.cert, servername: 'broker.test', ...more },
  });
  const refusal = async (options: RabbitMqTransportOptions): Promise<string> => {
    await using watched = new WatchedLink({ connectTimeoutMs, ...options });
    const error = await errorOf(watched.link.open());
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    // Neither of what signs in, nor of the client's own certificate.
    const everything = inspect(error, { depth: 20, showHidden: true });
    expect(everything).not.toMatch(/guest:guest|PRIVATE KEY/);
    return error.message;
  };

  fours.register('a broker with TLS', (programs) => {
    let node: PrivateNode;
    let port = 0;
    let url = '';
    let where = '';

    beforeAll(async () => {
      [port = 0] = reserved.ports;
      where = `amqps://127.0.0.1:${port}`;
      url = `amqps://guest:guest@127.0.0.1:${port}`;
      node = await startNode(programs, port, 'ssl_options.verify = verify_none');
    }, startMs);
    afterAll(() => node.destroy());

    describe(`a broker with TLS, ${programs.version}`, () => {
      test('should be used when its authority and its name are known', async () => {
        await using watched = await WatchedLink.open({ url, ...trusting() });
        await watched.works();
        expect(await node.ctl('list_connections', 'ssl', 'ssl_protocol')).toMatch(
          /true\ttlsv1\.[23]/,
        );
      });

      test('should come back over TLS', async () => {
        await using watched = await WatchedLink.open({ url, ...trusting() });
        await node.ctl('close_all_connections', 'the test says so');
        await watched.tells('up', 2);
        await watched.works();
      });

      test('should not be trusted without its authority', async () => {
        const tls = { servername: 'broker.test', ca: certificates.stranger.cert };
        const expected = `RabbitMQ cannot be used: the TLS certificate of ${where} is not trusted (self-signed certificate in certificate chain). Write the certificate of the authority that signed it into the option \`tls.ca\`. [TRANSPORT_UNAVAILABLE]`;
        expect(await refusal({ url })).toBe(expected);
        expect(await refusal({ url, tls })).toBe(expected);
      });

      test('should not be trusted by another name', async () => {
        const tls = { ca: certificates.authority.cert };
        const help =
          'Write a host that the certificate names into the option `url` or `tls.servername`. [TRANSPORT_UNAVAILABLE]';
        expect(await refusal({ url, tls })).toBe(
          `RabbitMQ cannot be used: the TLS certificate of ${where} is for another host (IP: 127.0.0.1 is not in the cert's list). ${help}`,
        );
        expect(await refusal({ url, tls: { ...tls, servername: 'other.test' } })).toBe(
          `RabbitMQ cannot be used: the TLS certificate of ${where} is for another host (Host: other.test. is not in the cert's altnames: DNS:broker.test). ${help}`,
        );
      });

      test('should be used untrusted only where that is asked for', async () => {
        const tls = { rejectUnauthorized: false };
        await using watched = await WatchedLink.open({ url, tls });
        await watched.works();
      });

      test('should refuse a wrong password over TLS, too', async () => {
        const wrong = url.replace('guest:guest', 'guest:wrong');
        expect(await refusal({ url: wrong, ...trusting() })).toContain(
          `RabbitMQ cannot be used: ${where} refused the user or the password.`,
        );
      });

      test('should refuse a user that it does not have, by certificate', async () => {
        const { cert, key } = certificates.client;
        const options = { url, ...trusting({ cert, key }), credentials: 'external' } as const;
        expect(await refusal(options)).toContain(
          `RabbitMQ cannot be used: ${where} refused the user that the client's certificate names. Create that user in the broker`,
        );
      });

      test('should fail at once where signing in by certificate is not offered', async () => {
        const offer = (mechanisms: string): Promise<string> =>
          node.ctl('eval', `application:set_env(rabbit, auth_mechanisms, [${mechanisms}]).`);
        await offer("'PLAIN', 'AMQPLAIN'");
        const error = await refusal({ url, ...trusting(), credentials: 'external' });
        expect(error).toContain(
          `${where} does not offer to sign in with a certificate (EXTERNAL). Name the mechanism in \`auth_mechanisms\` of the broker`,
        );
        await offer("'PLAIN', 'AMQPLAIN', 'EXTERNAL'");
      });

      test('should say what may be wrong when amqp:// leads to its TLS port', async () => {
        const plain = `amqp://guest:guest@127.0.0.1:${port}`;
        expect(await refusal({ url: plain, connectTimeoutMs: 2_000 })).toBe(
          `RabbitMQ was not reached within 2 s: amqp://127.0.0.1:${port} closed the connection while it was opened. If that is its TLS port, write amqps:// in the option \`url\`. [TRANSPORT_UNAVAILABLE]`,
        );
      });

      test('should say what is wrong when amqps:// leads to its other port', async () => {
        const plain = `amqps://guest:guest@127.0.0.1:${node.ports.amqp}`;
        expect(await refusal({ url: plain, ...trusting() })).toContain(
          `RabbitMQ cannot be used: what listens on amqps://127.0.0.1:${node.ports.amqp} does not speak TLS.`,
        );
      });

      test('should not be asked when the option "tls" cannot be read', async () => {
        const { client, stranger } = certificates;
        const broken: RabbitMqTlsOptions[] = [
          { cert: 'no certificate', key: 'no key' },
          { cert: client.cert, key: stranger.key },
          { pfx: 'no pfx' },
        ];
        for (const tls of broken) {
          expect(await refusal({ url, ...trusting(tls) })).toMatch(
            /^RabbitMQ cannot be used: the option "tls" cannot be read: .*\. It takes certificates and keys as PEM, or as `pfx`/,
          );
        }
      });
    });
  });

  threes.register('a broker that wants certificates', (programs) => {
    let node: PrivateNode;
    let url = '';
    let where = '';

    beforeAll(async () => {
      const [, port = 0] = reserved.ports;
      where = `amqps://127.0.0.1:${port}`;
      url = `amqps://guest:guest@127.0.0.1:${port}`;
      const conf = `
        ssl_options.verify = verify_peer
        ssl_options.fail_if_no_peer_cert = true`;
      node = await startNode(programs, port, conf);
      // Without a password nobody can sign in but by certificate.
      await node.ctl('add_user', 'certified', 'unused');
      await node.ctl('clear_password', 'certified');
      await node.ctl('set_permissions', 'certified', '.*', '.*', '.*');
    }, startMs);
    afterAll(() => node.destroy());

    describe(`a broker that wants certificates, ${programs.version}`, () => {
      test('should let in who has one', async () => {
        const { cert, key } = certificates.client;
        await using watched = await WatchedLink.open({ url, ...trusting({ cert, key }) });
        await watched.works();
        expect(await node.ctl('list_connections', 'user')).toContain('guest');
      });

      test('should refuse who has none, and who has a wrong one', async () => {
        const help =
          'If it wants a certificate of the client that it trusts, write it into the options `tls.cert` and `tls.key`. [TRANSPORT_UNAVAILABLE]';
        expect(await refusal({ url, ...trusting() })).toBe(
          `RabbitMQ cannot be used: ${where} ended the TLS handshake (tlsv13 alert certificate required). ${help}`,
        );
        const { cert, key } = certificates.stranger;
        expect(await refusal({ url, ...trusting({ cert, key }) })).toMatch(
          /^RabbitMQ cannot be used: amqps:.* ended the TLS handshake \(.*alert.*\)\. If it wants a certificate/,
        );
      });

      test('should know the user by the certificate', async () => {
        const { cert, key } = certificates.client;
        const options = {
          url: where,
          ...trusting({ cert, key }),
          credentials: 'external',
        } as const;
        await using watched = await WatchedLink.open(options);
        await watched.works();
        expect(await node.ctl('list_connections', 'user')).toContain('certified');
      });
    });
  });
});
