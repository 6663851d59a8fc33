package room

import "regexp"

// WellFormed tells whether a room can have this id, so that a name in the place
// of an id is told from a room that is gone.
func WellFormed(id string) bool { return wellFormed.MatchString(id) }

var wellFormed = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
