-- Events as they came, and how far each handler is with them. Times are microseconds since 1970 in UTC.

CREATE TABLE mailferry_inbox (
    -- Never given twice, so that a cursor or a note of an id stays right after pruning.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What makes a repetition a repetition: SHA-256 over the service, the kind and the event's id, or over the body.
    key BLOB NOT NULL UNIQUE,
    -- Where it came in: the endpoint's path.
    source TEXT NOT NULL,
    event_id TEXT,
    -- The normalized word, and the service's own.
    kind TEXT NOT NULL,
    service_kind TEXT NOT NULL,
    occurred_at INTEGER,
    received_at INTEGER NOT NULL,
    -- Bytes of the body, also when it is pruned.
    size INTEGER NOT NULL
);

-- Apart from the entries, so that listing and counting them does not read bodies.
CREATE TABLE mailferry_inbox_body (
    entry_id INTEGER PRIMARY KEY REFERENCES mailferry_inbox (id) ON DELETE CASCADE,
    body BLOB NOT NULL
);

CREATE TABLE mailferry_inbox_handler (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    registered_at INTEGER NOT NULL,
    -- Entries below this number are still to be given to it; zero when there are none.
    behind INTEGER NOT NULL
);

CREATE TABLE mailferry_inbox_progress (
    entry_id INTEGER NOT NULL REFERENCES mailferry_inbox (id) ON DELETE CASCADE,
    handler_id INTEGER NOT NULL REFERENCES mailferry_inbox_handler (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'done', 'dead')),
    -- Since it was accepted or replayed.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When it may be called, of the pending.
    due INTEGER NOT NULL,
    -- When it came into its state.
    since INTEGER NOT NULL,
    last_error TEXT,
    PRIMARY KEY (entry_id, handler_id)
) WITHOUT ROWID;

CREATE INDEX mailferry_inbox_progress_due ON mailferry_inbox_progress (handler_id, due, entry_id)
    WHERE state = 'pending';
CREATE INDEX mailferry_inbox_progress_open ON mailferry_inbox_progress (state, entry_id, handler_id)
    WHERE state <> 'done';

-- The attempts that did not end well. One that did leaves nothing but the state.
CREATE TABLE mailferry_inbox_attempt (
    id INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL REFERENCES mailferry_inbox (id) ON DELETE CASCADE,
    handler_id INTEGER NOT NULL REFERENCES mailferry_inbox_handler (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    error TEXT NOT NULL
);

CREATE INDEX mailferry_inbox_attempt_entry ON mailferry_inbox_attempt (entry_id);

-- What became of each mail, as far as the inbox's events tell.
CREATE TABLE mailferry_delivery (
    message_id TEXT NOT NULL,
    -- In lower case.
    recipient TEXT NOT NULL,
    -- A JSON object.
    state TEXT NOT NULL,
    PRIMARY KEY (message_id, recipient)
) WITHOUT ROWID;
