package policy

import "time"

// Template is a set of roles that rooms share. A change reaches a room with
// its next session.
type Template struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	CustomerID  string          `json:"customer_id"` // the account it belongs to
	Default     bool            `json:"default"`     // taken by rooms that name no template
	Roles       map[string]Role `json:"roles"`       // by name
	Settings    Settings        `json:"settings"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// Settings is what a template says about the whole room.
type Settings struct {
	Region    string    `json:"region"` // a wish; a single server has only one
	RoomState RoomState `json:"roomState"`
}

// RoomState says whether peers in preview learn who is inside.
type RoomState struct {
	Enabled         bool `json:"enabled"`
	MessageInterval int  `json:"messageInterval"` // seconds between updates
	SendPeerList    bool `json:"sendPeerList"`    // names too, not only the count
}
