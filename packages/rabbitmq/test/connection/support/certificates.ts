import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ForTests } from '../../../../../test/support/rabbitmq/for-tests.ts';

/** A certificate with its key, as PEM, and the files that they are in. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificates in a folder that is removed at the end. */
export interface Certificates extends AsyncDisposable {
  readonly authority: Certificate;
  /** Of the host `broker.test`, by the authority. */
  readonly broker: Certificate;
  /** Of the user `certified`, by the authority. */
  readonly client: Certificate;
  /** By nobody but itself. */
  readonly stranger: Certificate;
}

const run = promisify(execFile);
const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2';

/** The command `openssl`, where there is one. */
export async function opensslForTests(): Promise<ForTests<() => Promise<Certificates>>> {
  try {
    const { stdout } = await run('openssl', ['version']);
    if (/^OpenSSL [3-9]/.test(stdout)) return new ForTests({ value: makeCertificates });
    return new ForTests<never>({ reason: `openssl 3 is needed for certificates, not ${stdout}` });
  } catch {
    return new ForTests<never>({ reason: 'openssl is not on the path: certificates need it.' });
  }
}

async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(path.join(tmpdir(), 'busbar-certificates-'));
  const openssl = async (line: string): Promise<void> => {
    await run('openssl', line.split(' '), { cwd: folder });
  };
  // The machine's own file has extensions that are not wanted here.
  await writeFile(path.join(folder, 'none.cnf'), '[req]\ndistinguished_name = name\n[name]\n');

  const read = async (name: string): Promise<Certificate> => {
    const [certFile, keyFile] = [
      path.join(folder, `${name}.pem`),
      path.join(folder, `${name}.key`),
    ];
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    return { cert, key, certFile, keyFile };
  };
  const make = async (name: string, subject: string, more = ''): Promise<Certificate> => {
    const files = `-out ${name}.pem -keyout ${name}.key`;
    await openssl(`req -x509 -config none.cnf ${newKey} -subj /CN=${subject} ${files}${more}`);
    return read(name);
  };
  const sign = async (name: string, subject: string, extension: string): Promise<Certificate> => {
    await make(name, subject);
    await writeFile(path.join(folder, `${name}.ext`), `${extension}\n`);
    const by = '-CA authority.pem -CAkey authority.key -days 2';
    await openssl(`x509 -in ${name}.pem -out ${name}.pem -clrext -extfile ${name}.ext ${by}`);
    return read(name);
  };

  const mayDo = ' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign';
  return {
    authority: await make('authority', 'authority', mayDo),
    broker: await sign('broker', 'broker.test', 'subjectAltName=DNS:broker.test'),
    client: await sign('client', 'certified', 'extendedKeyUsage=clientAuth'),
    stranger: await make('stranger', 'certified'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
