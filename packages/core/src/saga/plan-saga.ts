/** What is known of a message before its saga is looked for. */
export interface SagaFacts {
  /** Whether it is a timeout. Those are only ever given to the saga that requested them. */
  readonly isTimeout: boolean;
  /** The saga that the headers name: an instance of this one, of another one, or none. */
  readonly addressedTo: 'this' | 'other' | 'nobody';
  readonly finds: 'by-correlation' | 'by-finder' | 'by-id';
  /** Whether the message may start an instance. */
  readonly starts: boolean;
}

/** Where to look, and what to do when nothing is there. */
export interface SagaPlan {
  readonly look: 'by-id' | 'by-correlation' | 'by-finder' | 'nowhere';
  /** `skip`: the message is none of this saga's business. `drop`: it was, and is no more. */
  readonly otherwise: 'start' | 'not-found' | 'drop' | 'skip';
}

/**
 * How a saga is found for a message. An id in its headers outweighs what it says, and one that nothing has any more never
 * starts an instance; a timeout that comes too late is dropped without a word.
 */
export function planSaga({ isTimeout, addressedTo, finds, starts }: SagaFacts): SagaPlan {
  if (isTimeout) {
    return addressedTo === 'this'
      ? { look: 'by-id', otherwise: 'drop' }
      : { look: 'nowhere', otherwise: 'skip' };
  }
  if (addressedTo === 'this') return { look: 'by-id', otherwise: 'not-found' };
  if (finds === 'by-id') {
    return { look: 'nowhere', otherwise: addressedTo === 'other' ? 'skip' : 'not-found' };
  }
  return { look: finds, otherwise: starts ? 'start' : 'not-found' };
}

/** How it goes on with what a finder found. */
export function planFound(found: 'id' | 'correlation' | 'nothing', starts: boolean): SagaPlan {
  if (found === 'id') return { look: 'by-id', otherwise: 'not-found' };
  const look = found === 'correlation' ? 'by-correlation' : 'nowhere';
  return { look, otherwise: starts ? 'start' : 'not-found' };
}
