import { FolderGuard } from '../folder-guard.ts';

const killGroups = `
while read -r name group; do
  case $name in
    epmd) epmd=$group ;;
    server) server=$group ;;
  esac
done
for group in $server $epmd; do kill -9 -"$group"; done 2>/dev/null
`;

/** Kills a broker and removes its folder, when asked to or when this process dies in whatever way. */
export class BrokerGuard {
  readonly #guard: FolderGuard;

  constructor(folder: string) {
    this.#guard = new FolderGuard(folder, killGroups);
  }

  /** The group of a process that was started `detached`; `undefined` once it has ended, for its id may be given again. */
  watch(name: 'server' | 'epmd', group: number | undefined): void {
    this.#guard.tell(`${name} ${group ?? ''}`);
  }

  end(): Promise<void> {
    return this.#guard.end();
  }
}
