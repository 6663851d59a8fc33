-- The documents of events, packed: Zstandard frames (RFC 8878) with a dictionary,
-- which the frame names by its number. "redial events export" writes them as JSON.

-- One by one: of new events, and of those whose document has changed since. Where
-- there is one it stands, whatever a block has.
CREATE TABLE IF NOT EXISTS docs (
  seq INTEGER PRIMARY KEY,
  doc BLOB NOT NULL
);

-- Many in one frame: of each the distance to the place before (0 for the first), its
-- length (varints of encoding/binary) and its text.
CREATE TABLE IF NOT EXISTS doc_blocks (
  first INTEGER PRIMARY KEY, -- events.seq
  last  INTEGER NOT NULL,
  n     INTEGER NOT NULL,    -- how many there are
  docs  BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS dictionaries (
  id   INTEGER PRIMARY KEY,
  text BLOB NOT NULL
);
