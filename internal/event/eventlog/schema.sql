-- Events, in the order they were appended: what they can be asked by. The whole event
-- is its document. What an event does not have is NULL, so that it takes no place in an
-- index.
CREATE TABLE events (
  seq      INTEGER PRIMARY KEY,
  id       BLOB NOT NULL,     -- UUID, 16 bytes
  time     INTEGER NOT NULL,  -- when the server took it, Unix nanoseconds
  account  INTEGER NOT NULL,  -- accounts.id
  type     INTEGER NOT NULL,  -- types.id
  source   INTEGER NOT NULL,  -- 1 server, 2 client, 3 both
  room     TEXT,              -- names.ref, as a blob; files of before version 5 may have the id
  session  TEXT,
  peer     TEXT,
  user     TEXT,
  fault    TEXT,
  code     INTEGER NOT NULL,
  terminal INTEGER NOT NULL,
  sdk      TEXT,
  os       TEXT,
  doc      TEXT NOT NULL,     -- '': it is in docs or doc_blocks; else as files of version 2 have it
  diagnosis  TEXT,            -- cause of the verdict, a fault's id, '' for not known; NULL: no verdict
  confidence INTEGER,         -- of the verdict: 1 proven, 2 likely, 3 possible, 4 not known
  rules      TEXT,            -- the version of the rules that gave it
  happened   INTEGER          -- when it happened, as time; NULL: when the server took it, to within 2 seconds
);
CREATE UNIQUE INDEX events_id   ON events(id);
CREATE INDEX events_type        ON events(account, type);

-- The other ids of an event: reports that became part of it.
CREATE TABLE aliases (
  id  BLOB PRIMARY KEY,
  seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX aliases_seq ON aliases(seq);

-- How many events there are, so that a total never has to be counted.
-- scope: 0 the account; in files of before version 7, until they are of this one,
-- 1 a room, 2 a session, 3 a user.
CREATE TABLE counts (
  account INTEGER NOT NULL,
  scope   INTEGER NOT NULL,
  key     TEXT NOT NULL,
  type    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (account, scope, key, type)
) WITHOUT ROWID;

-- Which times a stretch of events spans: how a time becomes a place, whatever
-- the clock did.
CREATE TABLE segments (
  first    INTEGER PRIMARY KEY,
  last     INTEGER NOT NULL,
  min_time INTEGER NOT NULL,
  max_time INTEGER NOT NULL
);

CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE types    (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE meta     (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
