import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { type RabbitMqTransportOptions, checkOptions } from '../../src/rabbitmq-options.ts';
import { ManagementApi, managementUrls } from '../../src/topology/management-api.ts';

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly string[];
}

async function serve(answer: RequestListener): Promise<Server> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
    requests.push(`${request.method} ${request.url} ${Buffer.from(basic, 'base64').toString()}`);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function api(options: RabbitMqTransportOptions): ManagementApi {
  return new ManagementApi(checkOptions(options), systemClock);
}

const ok: RequestListener = (_, response) => void response.end('{"fine":true}');

describe('the management interface', () => {
  test('should be looked for on the nodes of the broker', () => {
    const urls = (options: RabbitMqTransportOptions): readonly string[] =>
      managementUrls(checkOptions(options));
    expect(urls({ url: 'amqp://one,two:5673,one:5674/shop' })).toEqual([
      'http://one:15672',
      'http://two:15672',
    ]);
    expect(urls({ url: 'amqps://[::1]' })).toEqual(['https://[::1]:15671']);
    expect(urls({ management: 'https://user:secret@elsewhere/rabbit/' })).toEqual([
      'https://elsewhere/rabbit',
    ]);
    expect(urls({ management: false })).toEqual([]);
  });

  test('should be asked as the user who connects', async () => {
    await using server = await serve(ok);
    const management = `http://127.0.0.1:${server.port}`;
    const all: RabbitMqTransportOptions[] = [
      { management, url: 'amqp://me:p%40ss@localhost/a%2Fb' },
      { management, url: 'amqp://localhost' },
      { management, credentials: async () => ({ username: 'rotated', password: 'now' }) },
      { management: management.replace('//', '//other:one@') },
    ];
    for (const options of all) {
      const asked = api(options);
      const answer = await asked.get(`/queues/${asked.vhost}`);
      expect(answer).toEqual({ outcome: 'ok', value: { fine: true } });
    }
    expect(server.requests).toEqual([
      'GET /api/queues/a%2Fb me:p@ss',
      'GET /api/queues/%2F guest:guest',
      'GET /api/queues/%2F rotated:now',
      'GET /api/queues/%2F other:one',
    ]);
    const external = await api({
      url: 'amqps://localhost',
      management,
      credentials: 'external',
    }).get('/queues');
    expect(external).toMatchObject({ outcome: 'unavailable', reason: /certificate/ });
  });

  test('should be known for what it is not', async () => {
    let status = 200;
    let text = '';
    await using server = await serve((_, response) => {
      response.statusCode = status;
      response.end(text);
    });
    const management = `http://127.0.0.1:${server.port}`;
    const outcome = async (code: number, body: string): Promise<string> => {
      [status, text] = [code, body];
      return (await api({ management }).get('/queues')).outcome;
    };
    expect(await outcome(404, '{"error":"Object Not Found","reason":"Not Found"}')).toBe('missing');
    expect(await outcome(404, '<h1>Not here</h1>')).toBe('unavailable');
    expect(await outcome(401, '{"error":"not_authorised"}')).toBe('unavailable');
    expect(await outcome(500, 'oops')).toBe('unavailable');
    expect(await outcome(200, '<h1>Welcome</h1>')).toBe('unavailable');
    expect(await outcome(204, '')).toBe('ok');
  });

  test('should not be asked again at once when it did not answer', async () => {
    let broken = true;
    await using server = await serve((request, response) => {
      if (broken) request.destroy();
      else ok(request, response);
    });
    let nowMs = 0;
    const clock = { ...systemClock, monotonic: () => nowMs };
    const settings = checkOptions({
      management: `http://me:secret@127.0.0.1:${server.port}`,
    });
    const asked = new ManagementApi(settings, clock);
    const failed = await asked.get('/queues');
    expect(failed).toMatchObject({ outcome: 'unavailable' });
    expect(JSON.stringify(failed)).not.toContain('secret');
    broken = false;
    expect(await asked.get('/queues')).toEqual(failed);
    expect(server.requests).toHaveLength(1);
    nowMs = 61_000;
    expect(await asked.get('/queues')).toMatchObject({ outcome: 'ok' });
  });

  test('should be left alone when it is switched off', async () => {
    const answer = await api({ management: false }).get('/queues');
    expect(answer).toEqual({ outcome: 'unavailable', reason: 'it is switched off' });
  });
});
