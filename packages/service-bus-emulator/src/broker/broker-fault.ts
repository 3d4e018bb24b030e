/** What a client did that the service refuses, in the words of the protocol: a condition for AMQP, a status for HTTP. */
export class BrokerFault extends Error {
  override readonly name = 'BrokerFault';
  /** AMQP error condition. */
  readonly condition: string;
  /** Status over HTTP, on `$cbs` and on `$management`. */
  readonly status: number;

  constructor(condition: string, status: number, description: string) {
    super(description);
    this.condition = condition;
    this.status = status;
  }
}

export function entityNotFound(name: string): BrokerFault {
  // The SDK tells a missing entity from a failing one by this wording.
  return new BrokerFault(
    'amqp:not-found',
    404,
    `The messaging entity '${name}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.`,
  );
}

export function entityExists(name: string): BrokerFault {
  return new BrokerFault(
    'com.microsoft:entity-already-exists',
    409,
    `SubCode=40900. Conflict. The entity '${name}' already exists.`,
  );
}

export function entityDisabled(name: string): BrokerFault {
  return new BrokerFault(
    'com.microsoft:entity-disabled',
    403,
    `SubCode=40301. Messaging entity '${name}' is currently disabled.`,
  );
}

export function invalidArgument(description: string): BrokerFault {
  return new BrokerFault('com.microsoft:argument-error', 400, description);
}

export function notAllowed(description: string): BrokerFault {
  return new BrokerFault('amqp:not-allowed', 400, description);
}

export function quotaExceeded(name: string, bytes: number): BrokerFault {
  return new BrokerFault(
    'amqp:resource-limit-exceeded',
    403,
    `The maximum entity size has been reached or exceeded for '${name}': it may hold ${bytes} bytes. Receive messages, or give it a larger quota.`,
  );
}

export function messageTooLarge(bytes: number, limit: number): BrokerFault {
  return new BrokerFault(
    'amqp:link:message-size-exceeded',
    400,
    `The received message (${bytes} bytes) exceeds the limit (${limit} bytes) currently allowed on the link.`,
  );
}

export function lockLost(): BrokerFault {
  return new BrokerFault(
    'com.microsoft:message-lock-lost',
    410,
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
  );
}

export function sessionLockLost(sessionId: string): BrokerFault {
  return new BrokerFault(
    'com.microsoft:session-lock-lost',
    410,
    `The session lock has expired on the session '${sessionId}'. Accept the session again.`,
  );
}

export function messageNotFound(sequenceNumber: number): BrokerFault {
  return new BrokerFault(
    'com.microsoft:message-not-found',
    404,
    `The message with the sequence number ${sequenceNumber} does not exist, or is not in the state that this operation needs.`,
  );
}
