-- Where each sink has come to, in places of events.db.
CREATE TABLE IF NOT EXISTS places (
	sink TEXT PRIMARY KEY,
	seq  INTEGER NOT NULL
) WITHOUT ROWID;

-- Attempts to deliver, in the order they ended.
CREATE TABLE IF NOT EXISTS deliveries (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	hook     TEXT NOT NULL,
	event_id TEXT NOT NULL,
	type     TEXT NOT NULL,
	attempt  INTEGER NOT NULL,
	at       INTEGER NOT NULL, -- Unix microseconds
	took     INTEGER NOT NULL, -- milliseconds
	status   INTEGER NOT NULL,
	outcome  TEXT NOT NULL,
	error    TEXT NOT NULL,
	replay   INTEGER NOT NULL  -- 0: not part of one
);
CREATE INDEX IF NOT EXISTS deliveries_at ON deliveries (at);
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event_id);
CREATE INDEX IF NOT EXISTS deliveries_outcome ON deliveries (outcome);

-- Orders to send again that are not done.
CREATE TABLE IF NOT EXISTS replays (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	hook  TEXT NOT NULL,
	since INTEGER NOT NULL, -- Unix nanoseconds, 0: from the first
	until INTEGER NOT NULL, -- Unix nanoseconds, 0: to the last
	pos   INTEGER NOT NULL, -- place done
	upto  INTEGER NOT NULL  -- last place
);

-- Callbacks that wait to be delivered, in their order.
CREATE TABLE IF NOT EXISTS callbacks (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	receiver TEXT NOT NULL,
	event_id TEXT NOT NULL,
	type     TEXT NOT NULL,
	at       INTEGER NOT NULL, -- Unix microseconds
	body     BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS callbacks_receiver ON callbacks (receiver, id);

-- What a callback has told the beginning of and none the end, and what is told of
-- that when the process ends first.
CREATE TABLE IF NOT EXISTS callbacks_open (
	id       TEXT PRIMARY KEY,
	receiver TEXT NOT NULL,
	type     TEXT NOT NULL,
	body     BLOB NOT NULL
) WITHOUT ROWID;
