/** What the broker says of itself. */
export interface ServerVersion {
  readonly product: string;
  readonly version: string;
  readonly major: number;
  readonly minor: number;
}

/** Reads the properties that the broker sends when a connection opens. */
export function serverVersion(properties: object): ServerVersion {
  const { product, version } = properties as Readonly<Record<string, unknown>>;
  const text = typeof version === 'string' ? version : '';
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return {
    product: typeof product === 'string' ? product : 'unknown',
    version: text === '' ? 'unknown' : text,
    major: Number(major),
    minor: Number(minor),
  };
}
