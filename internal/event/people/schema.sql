DROP TABLE IF EXISTS people;
DROP TABLE IF EXISTS people_words;
DROP TABLE IF EXISTS attempts;

-- People, as far as they are known by an id or a name: one row for each user and name.
CREATE TABLE people (
  id       INTEGER PRIMARY KEY,
  account  INTEGER NOT NULL,
  user     TEXT NOT NULL,     -- event.UserKey
  name     TEXT NOT NULL,     -- the display name, '' when none was told
  folded   TEXT NOT NULL,     -- what they are found by: words in small letters without accents
  first    INTEGER NOT NULL,  -- seen, Unix nanoseconds
  last     INTEGER NOT NULL,  -- seen, to within an hour
  attempts INTEGER NOT NULL
);
CREATE UNIQUE INDEX people_who ON people(account, user, name);
CREATE INDEX people_last       ON people(account, last);

-- The words of people.folded.
CREATE TABLE people_words (
  account INTEGER NOT NULL,
  word    TEXT NOT NULL,
  person  INTEGER NOT NULL,
  PRIMARY KEY (account, word, person)
) WITHOUT ROWID;

-- Each try of somebody's to be in a room: a peer of a user, or an event without a peer.
CREATE TABLE attempts (
  id        INTEGER PRIMARY KEY,
  account   INTEGER NOT NULL,
  person    INTEGER NOT NULL,  -- people.id
  peer      TEXT NOT NULL,
  user      TEXT NOT NULL,     -- event.UserKey
  seq       INTEGER NOT NULL,  -- of its event where there is no peer, else 0
  room      TEXT NOT NULL,
  room_name TEXT NOT NULL,
  session   TEXT NOT NULL,
  first     INTEGER NOT NULL,  -- when it happened, Unix nanoseconds
  last      INTEGER NOT NULL,
  proven    INTEGER NOT NULL,  -- whether the user is
  named     INTEGER NOT NULL,  -- whether the person has a name
  joins     INTEGER NOT NULL,  -- that succeeded
  events    INTEGER NOT NULL,
  failures  INTEGER NOT NULL,  -- of these
  inside    INTEGER NOT NULL,  -- of these, that nobody has who was not in the room
  provoked  INTEGER NOT NULL DEFAULT 0, -- of the failures, on purpose
  tells     INTEGER NOT NULL DEFAULT -1, -- place of the failure that tells most; 0: there is none, -1: not known
  told      INTEGER NOT NULL DEFAULT 0, -- when that one happened
  ended     INTEGER NOT NULL DEFAULT 0  -- whether it is terminal
);
CREATE INDEX attempts_peer     ON attempts(peer, user);
CREATE INDEX attempts_seq      ON attempts(seq);
CREATE INDEX attempts_nameless ON attempts(account, last) WHERE named = 0;
