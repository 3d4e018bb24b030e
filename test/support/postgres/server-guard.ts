import { FolderGuard } from '../folder-guard.ts';

// SIGQUIT has the server end its processes and give back its shared memory at once; a server that was paused or hangs is
// killed.
const quit = `
while read -r process; do server=$process; done
if [ -n "$server" ]; then
  kill -CONT "$server"; kill -QUIT "$server"
  tries=0
  while kill -0 "$server"; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { kill -9 "$server"; break; }
    sleep 0.1
  done
fi 2>/dev/null
`;

/** Ends a server and removes its folder, when asked to or when this process dies in whatever way. */
export class ServerGuard {
  readonly #guard: FolderGuard;

  constructor(folder: string) {
    this.#guard = new FolderGuard(folder, quit);
  }

  /** The server's process; `undefined` once it has ended, for its id may be given again. */
  watch(process: number | undefined): void {
    this.#guard.tell(`${process ?? ''}`);
  }

  end(): Promise<void> {
    return this.#guard.end();
  }
}
