-- The ids of rooms, sessions, peers and users, once for each account. Columns of events
-- have the reference: so do their indexes, of which ids were most. An id is gone with the
-- last event that has it.
CREATE TABLE IF NOT EXISTS names (
  ref     BLOB PRIMARY KEY,  -- a number, big-endian, without leading zeros; at most 8 bytes
  value   NOT NULL,          -- a UUID as its 16 bytes, 24 hexadecimal digits as 12 bytes, any other id as text
  kind    INTEGER NOT NULL,  -- 1 room, 2 session, 3 peer, 4 user
  account INTEGER NOT NULL   -- accounts.id
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS names_value ON names(value, kind, account);
