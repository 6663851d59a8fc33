-- What candidates of a search are chosen by: all of it is in these indexes, so that no
-- row of attempts is read that is not given.
DROP INDEX IF EXISTS attempts_person;
DROP INDEX IF EXISTS attempts_last;
CREATE INDEX attempts_person ON attempts(person, last, first, joins, failures, inside);
CREATE INDEX attempts_last   ON attempts(account, proven, last, first, person, joins, failures, inside);
