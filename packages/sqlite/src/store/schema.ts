/**
 * The steps from an empty file to the present schema; step N leads to version N + 1. A step that was released is never
 * edited: append another one.
 *
 * The version is kept in a table of our own and not in `PRAGMA user_version`, so that an application can keep its data,
 * and its own migrations, in the same file.
 *
 * `busbar_messages.visible_at` is the one column that a fetch searches by: the moment from which on a receiver may
 * claim the row. It is `due_at` for a message that waits, the end of the lease for one that is held (so that an expired
 * lease needs nobody to clean it up), and {@link blocked} for one that waits behind another of its lane.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE busbar_meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    -- Raised by every change of the four tables below, so that processes know when to read them again.
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
    visible_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL DEFAULT 0,
    -- The holder's id and a number of its own, together never the same twice: what settles must know it.
    lease INTEGER,
    alone INTEGER NOT NULL DEFAULT 0,
    -- The partition key, in ordered queues only.
    lane TEXT,
    expires_at INTEGER,
    headers TEXT NOT NULL,
    -- NULL for a large body, which is in busbar_bodies.
    body BLOB
  ) STRICT;
  CREATE INDEX busbar_messages_visible ON busbar_messages (queue_id, visible_at);
  CREATE INDEX busbar_messages_leased ON busbar_messages (lease) WHERE lease IS NOT NULL;
  CREATE INDEX busbar_messages_lane ON busbar_messages (queue_id, lane, due_at)
    WHERE lane IS NOT NULL;
  CREATE INDEX busbar_messages_lane_held ON busbar_messages (queue_id, lane)
    WHERE lane IS NOT NULL AND lease IS NOT NULL;

  -- Claiming and renewing rewrite the row of a message, with its body; large ones are kept out of the way.
  CREATE TABLE busbar_bodies (
    seq INTEGER PRIMARY KEY,
    body BLOB NOT NULL
  ) STRICT;
  `,
];

/** The `visible_at` of a message behind another one of its lane. Later than any delay that is accepted. */
export const blocked = 2 ** 52;
