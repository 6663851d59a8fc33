// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"maps"
	"slices"
	"time"
)

// Template is a set of roles that rooms share. A change reaches a room with
// its next session.
type Template struct {
	ID          string
	Name        string
	Description string
	CustomerID  string          // the account it belongs to
	Default     bool            // taken by rooms that name no template
	Roles       map[string]Role // by name
	Settings    Settings
	Layouts     map[string]Layout // by role; one that is not there has the default
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Settings is what a template says about the whole room.
type Settings struct {
	Region    string // a wish; a single server has only one
	RoomState RoomState
}

// Layout is how a ready-made room looks to a role: a document for clients, which a
// template only keeps. Its form is that of policyjson.Layout.
type Layout []byte

// RoomState says whether peers in preview learn who is inside.
type RoomState struct {
	Enabled         bool
	MessageInterval int  // seconds between updates
	SendPeerList    bool // names too, not only the count
	StopOnJoin      bool
}

// RoleNames returns the names of the roles in order.
func (t Template) RoleNames() []string {
	names := make([]string, 0, len(t.Roles))
	for name := range t.Roles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Complete returns the template with what was left out filled in, so that a
// client finds every object it looks into: a role's name is its key, a role
// that lists no tracks publishes all, one that lists no roles receives all,
// and a missing quality is that of NewRole. What this server cannot do (streaming
// out, recording) no role may: a client would show a button that can only fail.
// A layout goes with its role. An empty list is a choice and stays. The given
// template is not changed.
func (t Template) Complete() Template {
	names := t.RoleNames()
	roles := make(map[string]Role, len(t.Roles))
	for name, r := range t.Roles {
		r.Name = name
		roles[name] = r.complete(names)
	}
	t.Roles = roles
	t.Layouts = maps.Clone(t.Layouts)
	maps.DeleteFunc(t.Layouts, func(role string, _ Layout) bool { _, known := roles[role]; return !known })
	return t
}

// complete fills in a role of a template with the given roles.
func (r Role) complete(names []string) Role {
	d := NewRole(r.Name)
	if r.Priority == 0 {
		r.Priority = d.Priority
	}
	if r.Publish.Allowed == nil {
		r.Publish.Allowed = d.Publish.Allowed
	}
	r.Publish.Allowed = slices.Clone(r.Publish.Allowed)
	fill(&r.Publish.Audio.BitRate, d.Publish.Audio.BitRate)
	fill(&r.Publish.Audio.Codec, d.Publish.Audio.Codec)
	r.Publish.Video = r.Publish.Video.complete(d.Publish.Video)
	r.Publish.Screen = r.Publish.Screen.complete(d.Publish.Screen)
	r.Publish.Simulcast.Video = r.Publish.Simulcast.Video.complete(r.Publish.Video)
	r.Publish.Simulcast.Screen = r.Publish.Simulcast.Screen.complete(r.Publish.Screen)
	if r.Subscribe.ToRoles == nil {
		r.Subscribe.ToRoles = names
	}
	r.Subscribe.ToRoles = slices.Clone(r.Subscribe.ToRoles)
	fill(&r.Subscribe.MaxBitRate, d.Subscribe.MaxBitRate)
	r.Permissions.HLSStreaming, r.Permissions.RTMPStreaming, r.Permissions.BrowserRecording = false, false, false
	return r
}

// complete fills in a quality. A size is taken whole or not at all, so that
// the picture keeps its shape.
func (q VideoQuality) complete(d VideoQuality) VideoQuality {
	fill(&q.BitRate, d.BitRate)
	fill(&q.Codec, d.Codec)
	fill(&q.FrameRate, d.FrameRate)
	if q.Width == 0 && q.Height == 0 {
		q.Width, q.Height = d.Width, d.Height
	}
	return q
}

// complete fills in the frame rate of layers.
func (l Layers) complete(q VideoQuality) Layers {
	l.Layers = slices.Clone(l.Layers)
	for i := range l.Layers {
		fill(&l.Layers[i].MaxFramerate, q.FrameRate)
	}
	return l
}

// fill sets a zero value.
func fill[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
