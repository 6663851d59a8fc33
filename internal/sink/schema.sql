-- Where each sink has come to, in places of events.db.
CREATE TABLE places (
	sink TEXT PRIMARY KEY,
	seq  INTEGER NOT NULL
) WITHOUT ROWID;

-- Attempts to deliver, in the order they ended.
CREATE TABLE deliveries (
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
CREATE INDEX deliveries_at ON deliveries (at);
CREATE INDEX deliveries_event ON deliveries (event_id);
CREATE INDEX deliveries_outcome ON deliveries (outcome);

-- Orders to send again that are not done.
CREATE TABLE replays (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	hook  TEXT NOT NULL,
	since INTEGER NOT NULL, -- Unix nanoseconds, 0: from the first
	until INTEGER NOT NULL, -- Unix nanoseconds, 0: to the last
	pos   INTEGER NOT NULL, -- place done
	upto  INTEGER NOT NULL  -- last place
);
