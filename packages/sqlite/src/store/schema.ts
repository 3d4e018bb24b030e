import { headerNames } from '@busbar/core';

/** Where messages go whose queue is gone, so that somebody sees them. */
export const undeliverableQueue = 'busbar.undeliverable';

/** In what state a message is; the numbers are in the file. */
export const messageState = {
  /** Waits for a receiver, however the clock is set. */
  ready: 0,
  /** Waits for the moment `visible_at`. */
  delayed: 1,
  /** Belongs to whoever knows its lease, until `visible_at`. */
  held: 2,
  /** Waits for the message before it in its lane. */
  blocked: 3,
} as const;

/** What is known of a message that was handled with nothing beside it; the numbers are in the file. */
export const aloneState = {
  no: 0,
  /** Its holder handles it alone. */
  running: 1,
  /** Its holder was proven dead while it did. */
  died: 2,
} as const;

/**
 * The steps from an empty file to the present schema; step N leads to version N + 1. A step that was released is never
 * edited: append another one.
 *
 * The version is kept in a table of our own and not in `PRAGMA user_version`, so that an application can keep its data,
 * and its own migrations, in the same file.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE busbar_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    -- Raised by every change of queues, subscriptions and receivers: processes read them again then, and only then.
    topology INTEGER NOT NULL
  ) STRICT;
  INSERT INTO busbar_meta VALUES (1, 0, 1);

  CREATE TABLE busbar_queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    ordered INTEGER NOT NULL,
    expires_unused_ms INTEGER,
    unused_since INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE busbar_subscriptions (
    topic TEXT NOT NULL,
    queue_id INTEGER NOT NULL,
    PRIMARY KEY (topic, queue_id)
  ) STRICT, WITHOUT ROWID;

  -- One row for each open process; it is alive as long as it holds the lock of its file beside the database.
  CREATE TABLE busbar_holders (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    opened_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE busbar_receivers (
    queue_id INTEGER NOT NULL,
    holder_id INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (queue_id, holder_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE busbar_messages (
    -- Never used again, since operators name messages by it.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id INTEGER NOT NULL,
    -- 0 ready, 1 delayed, 2 held, 3 blocked
    state INTEGER NOT NULL,
    -- Ready and blocked: due_at. Delayed: when it is due. Held: when the lease ends, so that nobody has to end it.
    visible_at INTEGER NOT NULL,
    -- Its place in the queue, together with seq.
    due_at INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL DEFAULT 0,
    -- The holder's id and a number of its own, together never the same twice: what settles must know it.
    lease INTEGER,
    -- 0 no, 1 handled alone by its holder, 2 the holder died meanwhile
    alone INTEGER NOT NULL DEFAULT 0,
    -- The partition key, in ordered queues only.
    lane TEXT,
    expires_at INTEGER,
    headers TEXT NOT NULL,
    -- NULL for a large body, which is in busbar_bodies.
    body BLOB
  ) STRICT;
  CREATE INDEX busbar_messages_visible ON busbar_messages (queue_id, state, visible_at);
  -- Those that have their turn or wait for it: of each lane exactly one is ready or held, the others are blocked.
  CREATE INDEX busbar_messages_lane ON busbar_messages (queue_id, lane, due_at)
    WHERE lane IS NOT NULL AND state <> 1;

  -- Claiming and renewing rewrite the row of a message, with its body; large ones are kept out of the way.
  CREATE TABLE busbar_bodies (
    seq INTEGER PRIMARY KEY,
    body BLOB NOT NULL
  ) STRICT;

  ${topologyTriggers('busbar_queues')}
  ${topologyTriggers('busbar_subscriptions')}
  ${topologyTriggers('busbar_receivers')}

  -- Here and not in the program, so that an operator can delete a queue by hand and nothing vanishes with it.
  CREATE TRIGGER busbar_queue_deleted AFTER DELETE ON busbar_queues BEGIN
    DELETE FROM busbar_subscriptions WHERE queue_id = old.id;
    DELETE FROM busbar_receivers WHERE queue_id = old.id;
    INSERT INTO busbar_queues (name, ordered, unused_since)
      SELECT '${undeliverableQueue}', 0, 0
      WHERE old.name <> '${undeliverableQueue}'
        AND EXISTS (SELECT 1 FROM busbar_messages WHERE queue_id = old.id)
        AND NOT EXISTS (SELECT 1 FROM busbar_queues WHERE name = '${undeliverableQueue}');
    UPDATE busbar_messages SET
      queue_id = (SELECT id FROM busbar_queues WHERE name = '${undeliverableQueue}'),
      state = 0, visible_at = 0, due_at = 0, lane = NULL, lease = NULL, alone = 0,
      headers = CASE WHEN json_valid(headers) THEN
        json_set(headers, '$."${headerNames.failedQueue}"', old.name, '$."${headerNames.failureCode}"', 'UNDELIVERABLE')
      ELSE headers END
      WHERE queue_id = old.id AND old.name <> '${undeliverableQueue}';
    DELETE FROM busbar_bodies
      WHERE seq IN (SELECT seq FROM busbar_messages WHERE queue_id = old.id AND body IS NULL);
    DELETE FROM busbar_messages WHERE queue_id = old.id;
  END;
  `,
  `
  -- The endpoints that keep data here; whatever repeats a name per row has the number instead.
  CREATE TABLE busbar_endpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  -- One row for each handled message, as long as it is remembered.
  CREATE TABLE busbar_handled (
    endpoint_id INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    handled_at INTEGER NOT NULL,
    -- What it sent, in busbar_outbox until that is dispatched; NULL when there was nothing.
    outbox INTEGER,
    PRIMARY KEY (endpoint_id, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX busbar_handled_at ON busbar_handled (endpoint_id, handled_at);

  -- What was committed and may not have been dispatched: dispatching removes the row, so this stays small.
  CREATE TABLE busbar_outbox (
    -- Never used again, since busbar_handled names rows that are gone.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id INTEGER NOT NULL,
    -- 0 whoever committed it dispatches it, 1 nobody else before free_at
    held INTEGER NOT NULL,
    -- When held is 0: the commit.
    free_at INTEGER NOT NULL,
    -- Whose it is until free_at, as a lease in busbar_messages.
    claim INTEGER,
    committed_at INTEGER NOT NULL,
    operations TEXT NOT NULL
  ) STRICT;
  CREATE INDEX busbar_outbox_free ON busbar_outbox (endpoint_id, held, free_at);

  -- Operations with a partition key. There is one writer at a time, so that seq is the order of the commits.
  CREATE TABLE busbar_outbox_lanes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    committed_at INTEGER NOT NULL,
    operation TEXT NOT NULL
  ) STRICT;
  CREATE INDEX busbar_outbox_lanes_key ON busbar_outbox_lanes (endpoint_id, key, seq);

  -- One row for each key that has operations; held, free_at and claim as in busbar_outbox, by the oldest of them.
  CREATE TABLE busbar_outbox_keys (
    endpoint_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    held INTEGER NOT NULL,
    free_at INTEGER NOT NULL,
    claim INTEGER,
    PRIMARY KEY (endpoint_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX busbar_outbox_keys_free ON busbar_outbox_keys (endpoint_id, held, free_at);

  CREATE TABLE busbar_sagas (
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    correlation TEXT,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (type, id)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX busbar_sagas_correlation ON busbar_sagas (type, correlation)
    WHERE correlation IS NOT NULL;
  `,
];

function topologyTriggers(table: string): string {
  return ['INSERT', 'UPDATE', 'DELETE']
    .map(
      (event) => `
  CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
    UPDATE busbar_meta SET topology = topology + 1;
  END;`,
    )
    .join('');
}
