package room

// pollBook holds the polls of a session.
type pollBook struct{}

func (b *pollBook) init() {}
