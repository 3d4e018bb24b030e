/** The management plugin's HTTP API, by paths such as `/vhosts/NAME`. */
export class ManagementApi {
  readonly #base: string;
  readonly #authorization: string;

  /** @param url With user and password. */
  constructor(url: string) {
    const { origin, pathname, username, password } = new URL(url);
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#base = `${origin}${pathname.replace(/\/$/, '')}/api`;
    this.#authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }

  get(path: string): Promise<unknown> {
    return this.#request('GET', path);
  }

  put(path: string, body: object = {}): Promise<unknown> {
    return this.#request('PUT', path, body);
  }

  post(path: string, body: object = {}): Promise<unknown> {
    return this.#request('POST', path, body);
  }

  delete(path: string): Promise<unknown> {
    return this.#request('DELETE', path);
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(30_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${path} gave ${response.status} ${response.statusText}: ${text}`);
    }
    return text === '' ? undefined : JSON.parse(text);
  }
}
