-- When the events of a block happened that did not when they were taken. times is as in
-- block_times; of several times of one event the last stands.
CREATE TABLE IF NOT EXISTS block_happened (
  block    INTEGER PRIMARY KEY,
  min_time INTEGER NOT NULL,
  max_time INTEGER NOT NULL,
  times    BLOB NOT NULL
);
