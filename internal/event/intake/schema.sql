-- Events that were acknowledged and that the store may not have yet, as documents
-- in the form in which stores keep them, with all words. One below 0 could not be read.
CREATE TABLE IF NOT EXISTS arrived (
	n   INTEGER PRIMARY KEY,
	doc BLOB NOT NULL
);
