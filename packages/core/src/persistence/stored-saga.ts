/** A saga as it is stored. Its identity (type, id, correlation) never changes. */
export interface StoredSaga {
  /** The name of the saga. Instances of two types never meet, whatever their ids and correlations. */
  readonly type: string;
  readonly id: string;
  /** Unique within the type. Undefined where instances are found by id or by a finder only. */
  readonly correlation: string | undefined;
  /** Raised by each update, from 1: an update or removal of another version than the stored one is a conflict. */
  readonly version: number;
  /** JSON. */
  readonly state: string;
}

/** Which saga to look for. */
export interface SagaQuery {
  readonly type: string;
  readonly by: 'id' | 'correlation';
  readonly value: string;
  /** Keeps others from changing it until the session ends, where the database can; else it is ignored. */
  readonly lock: boolean;
}

/** A change of a saga, carried out by the commit. */
export type SagaChange =
  /** With version 1. */
  | { readonly kind: 'insert'; readonly saga: StoredSaga }
  /** `saga` is as it shall be, its version one above the one that was found. */
  | { readonly kind: 'update'; readonly saga: StoredSaga }
  /** `saga` is as it was found. */
  | { readonly kind: 'remove'; readonly saga: StoredSaga };
