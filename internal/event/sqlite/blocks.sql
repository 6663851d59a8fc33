-- Which events have what, as sets of places, 4096 places to a block: how filters
-- without an index of their own are answered, and their totals. dim: 1 type,
-- 2 fault, 3 error code, 4 sdk, 5 os, 6 terminal, 7 cause of the verdict, 8 its
-- confidence; of those in the table set_keys 9 room, 10 session, 11 user. bits is as in summary_sets;
-- place 4096*block + 8*i + b is bit b of byte i. n is how many there are.
CREATE TABLE IF NOT EXISTS block_sets (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL,
  value   TEXT NOT NULL,
  block   INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  bits    BLOB NOT NULL,
  PRIMARY KEY (account, dim, value, block)
) WITHOUT ROWID;

-- The sets of blocks that are full, 16 blocks to a row, so that what a filter reads of a
-- long time is few rows. What block_sets has of a block stands, whatever a group has: that
-- is how one changes. sets is for each block that has any: its number in the group (a
-- byte), how long its bits are (a varint of encoding/binary) and these.
CREATE TABLE IF NOT EXISTS group_sets (
  account INTEGER NOT NULL,
  dim     INTEGER NOT NULL,
  value   TEXT NOT NULL,
  blocks  INTEGER NOT NULL, -- block / 16
  sets    BLOB NOT NULL,
  PRIMARY KEY (account, dim, value, blocks)
) WITHOUT ROWID;

-- When the events of a block were taken. times is runs of: how many, the first
-- place in the block, its time, and for each further one how many places are
-- left out and how much later it is (varints of encoding/binary).
CREATE TABLE IF NOT EXISTS block_times (
  block INTEGER PRIMARY KEY,
  times BLOB NOT NULL
);
