import { statfsSync } from 'node:fs';

/** File systems of Linux by the number that `statfs` gives, as far as they reach beyond the machine or its kernel. */
const names: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x01021997: '9P',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x786f4256: 'VirtualBox shared folder',
  0x65735546: 'FUSE',
};

/** The name of the file system of `path`, if locks are known not to be safe there; only Linux tells. */
export function networkFileSystem(path: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return names[statfsSync(path).type >>> 0];
  } catch {
    return undefined;
  }
}
