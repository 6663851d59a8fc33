-- Which events have a room, session, peer or user: package postings. The places of a
-- stretch of the log are a run; what has changed since it was written lies beside it.
CREATE TABLE IF NOT EXISTS runs (
  last    INTEGER PRIMARY KEY, -- events.seq
  first   INTEGER NOT NULL,
  run     INTEGER NOT NULL,
  level   INTEGER NOT NULL,    -- how often it was put together from others
  names   INTEGER NOT NULL,    -- the last reference that was given before it was written
  changed INTEGER NOT NULL     -- rows of postings_changed
);
CREATE TABLE IF NOT EXISTS postings (
  run   INTEGER NOT NULL,
  ref   INTEGER NOT NULL,      -- names.ref, as a number
  first INTEGER NOT NULL,      -- events.seq
  block BLOB NOT NULL
);
-- Not the primary key of a table without rowid: pages between the root and the leaves would
-- have four blocks each, where they have hundreds of keys.
CREATE UNIQUE INDEX IF NOT EXISTS postings_key ON postings(run, ref, first);
CREATE TABLE IF NOT EXISTS postings_changed (
  run  INTEGER NOT NULL,
  ref  INTEGER NOT NULL,
  seq  INTEGER NOT NULL,
  type INTEGER NOT NULL,       -- types.id
  gone INTEGER NOT NULL,       -- 1: it is in the run and counts no more, 0: it is not and counts
  PRIMARY KEY (run, ref, seq)
) WITHOUT ROWID;
