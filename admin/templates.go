// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"iter"
	"time"
)

// Template is a set of roles that rooms share. A room takes a changed template
// with its next session.
type Template struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Default     bool            `json:"default"`     // taken by rooms that name no template
	CustomerID  string          `json:"customer_id"` // the account
	Roles       map[string]Role `json:"roles"`       // by name
	Settings    Settings        `json:"settings"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   time.Time       `json:"updatedAt"`
}

// TemplateChange is a template to create, or what changes of one. What is left out
// is the server's default in a new one and stays as it is in another. Roles, when
// there are any, take the place of all roles.
type TemplateChange struct {
	Name        string          `json:"name,omitempty"`        // a-z A-Z 0-9 . - : _ and space, up to 128; made up when empty
	Description *string         `json:"description,omitempty"` // up to 1024 bytes
	Default     bool            `json:"default,omitempty"`     // there is always exactly one, so it cannot be given up
	Roles       map[string]Role `json:"roles,omitempty"`       // up to 50; required in a new one
	Settings    *Settings       `json:"settings,omitempty"`
}

// Role is what its peers may do. What is left out is filled in in a new role, and
// stays as it is in another. An empty list that is not nil is sent, and is none.
type Role struct {
	Name        string       `json:"name,omitempty"`
	Priority    int          `json:"priority,omitempty"` // 1 is the highest
	Publish     Publish      `json:"publishParams,omitzero"`
	Subscribe   Subscribe    `json:"subscribeParams,omitzero"`
	Permissions *Permissions `json:"permissions,omitempty"`  // all or none: a false one is sent as well
	MaxPeers    *int         `json:"maxPeerCount,omitempty"` // seats in one session; 0: no limit, -1: none
}

// Publish says which kinds of track a role publishes, and how.
type Publish struct {
	Allowed   []string     `json:"allowed,omitzero"` // of "audio", "video", "screen"; nil: all
	Audio     AudioQuality `json:"audio,omitzero"`
	Video     VideoQuality `json:"video,omitzero"`
	Screen    VideoQuality `json:"screen,omitzero"`
	Simulcast Simulcast    `json:"simulcast,omitzero"`
}

// AudioQuality is how a microphone is encoded.
type AudioQuality struct {
	BitRate int    `json:"bitRate,omitempty"` // kbit/s, 6 to 510
	Codec   string `json:"codec,omitempty"`   // "opus"
}

// VideoQuality is how a camera or a screen is captured and encoded.
type VideoQuality struct {
	BitRate   int    `json:"bitRate,omitempty"` // kbit/s
	Codec     string `json:"codec,omitempty"`   // "vp8", "vp9", "h264", "av1"
	FrameRate int    `json:"frameRate,omitempty"`
	Width     int    `json:"width,omitempty"`  // pixels
	Height    int    `json:"height,omitempty"` // pixels
}

// Simulcast lists the encodings that are sent of one track.
type Simulcast struct {
	Video  Layers `json:"video,omitzero"`
	Screen Layers `json:"screen,omitzero"`
}

// Layers is a list of encodings, the largest first; none is a single encoding.
type Layers struct {
	Layers []Layer `json:"layers,omitzero"`
}

// Layer is one encoding of simulcast (RFC 8853).
type Layer struct {
	RID                   string  `json:"rid"`                   // "f", "h", "q"
	ScaleResolutionDownBy float64 `json:"scaleResolutionDownBy"` // 1 to 16, rising
	MaxBitrate            int     `json:"maxBitrate"`            // kbit/s
	MaxFramerate          int     `json:"maxFramerate"`
}

// Subscribe says whose media a role receives.
type Subscribe struct {
	ToRoles     []string     `json:"subscribeToRoles,omitzero"` // nil: every role's
	MaxBitRate  *int         `json:"maxSubsBitRate,omitempty"`  // kbit/s over all tracks; 0: no limit
	Degradation *Degradation `json:"subscribeDegradation,omitempty"`
}

// Degradation says when video is withheld to keep the rest flowing.
type Degradation struct {
	PacketLossThreshold int `json:"packetLossThreshold"`       // per cent; 0: never
	DegradeGrace        int `json:"degradeGracePeriodSeconds"` // how long the loss must last
	RecoverGrace        int `json:"recoverGracePeriodSeconds"` // how long the calm must last
}

// Permissions is what a role may do to others and to the session.
type Permissions struct {
	EndRoom          bool `json:"endRoom"`
	RemoveOthers     bool `json:"removeOthers"`
	Mute             bool `json:"mute"`
	Unmute           bool `json:"unmute"`
	ChangeRole       bool `json:"changeRole"`
	HLSStreaming     bool `json:"hlsStreaming"`     // always false: this server cannot do it
	RTMPStreaming    bool `json:"rtmpStreaming"`    // always false: this server cannot do it
	BrowserRecording bool `json:"browserRecording"` // always false: this server cannot do it
	PollRead         bool `json:"pollRead"`
	PollWrite        bool `json:"pollWrite"`
	SendRoomState    bool `json:"sendRoomState"` // see who is inside before joining
}

// Settings is what a template says about the whole room.
type Settings struct {
	Region    string    `json:"region"`
	RoomState RoomState `json:"roomState"`
}

// RoomState says whether peers in preview learn who is inside.
type RoomState struct {
	Enabled         bool `json:"enabled"`
	MessageInterval int  `json:"messageInterval"` // seconds between updates
	SendPeerList    bool `json:"sendPeerList"`    // names too, not only the count
	StopOnJoin      bool `json:"stopRoomStateOnJoin"`
}

// TemplateFilter chooses templates.
type TemplateFilter struct {
	Name  string `query:"name"`
	Limit int    `query:"limit"` // 1 to 100; 0: 10
	Start string `query:"start"` // Last of the page before
}

// Create creates a template; a name that exists overwrites that template.
// With a name it is safe to repeat. It fails with [fault.FieldInvalid],
// [fault.FieldMissing].
func (c Templates) Create(ctx context.Context, t TemplateChange) (Template, error) {
	call := post("/v2/templates", t)
	call.safe = t.Name != ""
	return fetch[Template](ctx, c, call)
}

// Get returns a template: [fault.TemplateNotFound].
func (c Templates) Get(ctx context.Context, id string) (Template, error) {
	path, err := at("/v2/templates/", id)
	if err != nil {
		return Template{}, err
	}
	return fetch[Template](ctx, c, get(path))
}

// List lists templates: [fault.FieldInvalid].
func (c Templates) List(ctx context.Context, f TemplateFilter) (Page[Template], error) {
	return fetch[Page[Template]](ctx, c, get("/v2/templates").where(parameters(f)))
}

// All yields every template of a filter, page by page, until the first
// error.
func (c Templates) All(ctx context.Context, f TemplateFilter) iter.Seq2[Template, error] {
	if f.Limit == 0 {
		f.Limit = maxLimit
	}
	return everyPage(ctx, f.Start, func(ctx context.Context, start string) (Page[Template], error) {
		f.Start = start
		return c.List(ctx, f)
	})
}

// Update changes a template. Safe to repeat. It fails with
// [fault.TemplateNotFound], [fault.FieldInvalid], [fault.NameTaken].
func (c Templates) Update(ctx context.Context, id string, change TemplateChange) (Template, error) {
	path, err := at("/v2/templates/", id)
	if err != nil {
		return Template{}, err
	}
	return fetch[Template](ctx, c, post(path, change).repeatable())
}

// Delete removes a template: [fault.TemplateNotFound],
// [fault.TemplateInUse].
func (c Templates) Delete(ctx context.Context, id string) error {
	path, err := at("/v2/templates/", id)
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path), nil)
}

// Role returns a role of a template: [fault.TemplateNotFound],
// [fault.RoleNotFound].
func (c Templates) Role(ctx context.Context, template, role string) (Role, error) {
	path, err := at("/v2/templates/", template, "/roles/", role)
	if err != nil {
		return Role{}, err
	}
	return fetch[Role](ctx, c, get(path))
}

// SetRole creates a role, or changes it. A Name that differs from role renames it,
// also where other roles receive it. It fails with [fault.TemplateNotFound],
// [fault.FieldInvalid], [fault.NameTaken].
func (c Templates) SetRole(ctx context.Context, template, role string, r Role) (Role, error) {
	path, err := at("/v2/templates/", template, "/roles/", role)
	if err != nil {
		return Role{}, err
	}
	return fetch[Role](ctx, c, post(path, r))
}

// DeleteRole removes a role, also from the lists of the others. The last role
// cannot go: [fault.FieldMissing]; [fault.TemplateNotFound], [fault.RoleNotFound].
func (c Templates) DeleteRole(ctx context.Context, template, role string) error {
	path, err := at("/v2/templates/", template, "/roles/", role)
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path), nil)
}
