-- How many events there were, by hour and by day of UTC and by one dimension at
-- a time. dim: 0 all together, 1 fault, 2 error code, 3 sdk, 4 sdk and version,
-- 5 os, 6 browser, 7 role, 8 template, 9 room, 10 cause of the verdict. type:
-- types.id, or 101 for joins that succeeded, 102 for joins that failed. level: 1 hours, 2 days, both
-- counted from 1970.
CREATE TABLE IF NOT EXISTS summary (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL,
  level   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  value   TEXT NOT NULL,
  type    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (account, dim, level, at, value, type)
) WITHOUT ROWID;

-- Which users failed there: a set of summary_users.id, 4096 to a chunk. bits is
-- the number of its first byte (2 bytes, big endian), then the bytes; user
-- 4096*chunk + 8*i + b is bit b of byte i. Where the number is 65535, the users
-- of the chunk follow one by one instead (2 bytes each).
CREATE TABLE IF NOT EXISTS summary_sets (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL,
  level   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  value   TEXT NOT NULL,
  type    INTEGER NOT NULL,
  chunk   INTEGER NOT NULL,
  bits    BLOB NOT NULL,
  PRIMARY KEY (account, dim, level, at, value, type, chunk)
) WITHOUT ROWID;

-- Numbers of users. None is ever given again.
CREATE TABLE IF NOT EXISTS summary_users (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL,
  name    TEXT NOT NULL,
  UNIQUE (account, name)
);

-- The events that are counted as a failed join.
CREATE TABLE IF NOT EXISTS summary_failed (seq INTEGER PRIMARY KEY);
