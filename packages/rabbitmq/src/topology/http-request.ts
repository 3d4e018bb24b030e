import { Buffer } from 'node:buffer';
import { type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { RabbitMqTlsOptions } from '../rabbitmq-options.ts';

/** One request to the management interface. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  readonly tls: RabbitMqTlsOptions;
  readonly timeoutMs: number;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Not `fetch`, which cannot be told of a company's own certificate authority. */
export function httpRequest(options: HttpRequest): Promise<HttpAnswer> {
  const { method, url, headers, body, tls, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const secure = url.startsWith('https:');
    const request = (secure ? requestHttps : requestHttp)(
      url,
      { method, headers, signal, ...(secure && tls) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    request.on('error', (error) => {
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1_000} s`) : error);
    });
    request.end(body);
  });
}
