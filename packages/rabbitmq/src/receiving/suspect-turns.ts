/** A receiver that may have a suspect. */
export interface SuspectHolder {
  /** It holds one that is not in the hands of a handler: if the process died now, it would look guilty. */
  readonly waitsWithSuspect: boolean;
  /** Somebody's turn has begun or ended, or somebody holds no suspect any more. */
  turnsChanged(): void;
}

/** All receivers of the process. */
const holders = new Set<SuspectHolder>();
let atTurn: SuspectHolder | undefined;

/**
 * Whose suspect may be handled. A suspect that is only held while another one kills the process looks as guilty as that one:
 * the broker tells who was delivered, not who was begun. So there is one turn for the process, and who has to wait gives
 * his suspects back.
 */
export const suspectTurns = {
  join(holder: SuspectHolder): void {
    holders.add(holder);
  },

  leave(holder: SuspectHolder): void {
    holders.delete(holder);
    this.end(holder);
  },

  /** Takes the turn if nobody has it. Returns whether nobody else holds a suspect any more. */
  take(holder: SuspectHolder): boolean {
    if (atTurn === undefined) {
      atTurn = holder;
      tellOthers(holder);
    }
    if (atTurn !== holder) return false;
    for (const other of holders) if (other !== holder && other.waitsWithSuspect) return false;
    return true;
  },

  end(holder: SuspectHolder): void {
    if (atTurn !== holder) return;
    atTurn = undefined;
    tellOthers(holder);
  },

  /** Who holds a suspect has to give it back. */
  isOthers(holder: SuspectHolder): boolean {
    return atTurn !== undefined && atTurn !== holder;
  },

  /** `holder` has none any more. */
  gaveBack(holder: SuspectHolder): void {
    if (this.isOthers(holder)) atTurn?.turnsChanged();
  },
};

function tellOthers(holder: SuspectHolder): void {
  for (const other of holders) if (other !== holder) other.turnsChanged();
}
