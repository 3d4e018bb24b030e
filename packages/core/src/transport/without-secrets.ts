/** Names of parameters whose value nobody should see. */
const secretName = /pass|pwd|secret|token|key|sig|cred|auth|cert/i;

/**
 * A URL as it may be logged: without user and password, and without the parameters that hold a secret by their name.
 * It works on the text, not on a parsed URL, because passwords that should have been encoded make other URLs of it:
 * whatever stands before the last `@` is gone, even if that takes more than the password along.
 */
export function withoutSecrets(url: string): string {
  const [, scheme = '', rest = ''] = /^([^:]*:)?([^]*)$/.exec(url) ?? [];
  const slashes = rest.startsWith('//') ? '//' : '';
  // Without slashes an `@` is a part of a path, unless it ends something like `user:password@`.
  const mayNameUser = slashes !== '' || /^[^/]*:[^]*@/.test(rest);
  const address = mayNameUser
    ? rest.slice(Math.max(slashes.length, rest.lastIndexOf('@') + 1)).replace(/#[^]*$/, '')
    : rest.slice(slashes.length);
  const [path = '', ...queries] = address.split('?');
  const parameters = queries.join('&').split(/[&;]/).filter(hasPublicName);
  const segments = path.split(';').filter((part) => !part.includes('=') || hasPublicName(part));
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`;
  return `${scheme}${slashes}${segments.join(';')}${query}`;
}

function hasPublicName(parameter: string): boolean {
  const end = parameter.indexOf('=');
  return end > 0 && !secretName.test(decoded(parameter.slice(0, end)));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // What cannot be read cannot be trusted, so it counts as the name of a secret.
    return 'secret';
  }
}
