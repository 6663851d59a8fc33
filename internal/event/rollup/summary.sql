-- How many events there were, and which users failed, by hour and by day of UTC and by
-- one dimension at a time. dim: 0 all together, 1 fault, 2 error code, 3 sdk, 4 sdk and
-- version, 5 os, 6 browser, 7 role, 8 template, 9 room, 10 cause of the verdict. level: 1
-- hours, 2 days, both counted from 1970. A day is there once it is over and has been added
-- up; until then it is its hours.
--
-- cells is a 1, then for every value its length, its text and how many types it has, and
-- for each of them the type (types.id, or 101 for joins that succeeded, 102 for joins that
-- failed), how many there were, how many bytes of users follow, and these: the numbers of
-- users (summary_users.id) in order, each as its distance from the one before. All numbers
-- are unsigned varints of encoding/binary.
CREATE TABLE IF NOT EXISTS summary_steps (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL,
  level   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  cells   BLOB NOT NULL,
  PRIMARY KEY (account, dim, level, at)
);

-- Numbers of users. None is ever given again.
CREATE TABLE IF NOT EXISTS summary_users (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL,
  name    TEXT NOT NULL,
  UNIQUE (account, name)
);

-- The events that are counted as a failed join.
CREATE TABLE IF NOT EXISTS summary_failed (seq INTEGER PRIMARY KEY);
