import type { Namespace } from '../broker/namespace.ts';
import type { Address } from '../broker/address.ts';
import type { Typed } from '../message/amqp-types.ts';
import type { ManagementRequest } from './management-request.ts';

export interface ManagementContext {
  readonly namespace: Namespace;
  readonly address: Address;
  readonly request: ManagementRequest;
}

/** The fields of the response's body; none at all means that there was nothing to tell. */
export type ManagementResponse = Readonly<Record<string, Typed>> | undefined;

export type ManagementOperation = (context: ManagementContext) => ManagementResponse;

/** Done, with nothing to say. */
export const done: ManagementResponse = {};
