// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Guests lets people into rooms who show no token, as Kurento Room does. It
// implements kurento.Guests.
type Guests struct {
	Account  string
	Key      token.Key
	Registry *registry.Registry
	Rooms    int // that may be made because somebody asked for them
	Limited  func(setting string)

	mu   sync.Mutex
	made int
}

// maxUser is how many characters the name of a guest may have.
const maxUser = 64

// Redeem implements kurento.Guests. The name is the id of the peer, so that two of
// one name cannot be inside. What ends like an id of ours is refused.
func (g *Guests) Redeem(ctx context.Context, name, user string) (kurento.Grant, error) {
	switch {
	case user == "":
		return kurento.Grant{}, fault.FieldMissing.New("field", "user")
	case name == "":
		return kurento.Grant{}, fault.FieldMissing.New("field", "room")
	case utf8.RuneCountInString(user) > maxUser || !room.WellFormedPeer(user) || strings.HasPrefix(user, kurento.IDPrefix) || strings.HasSuffix(user, kurento.ScreenSuffix):
		return kurento.Grant{}, fault.FieldInvalid.New("field", "user", "want", "1 to 64 visible characters, not con_... or ..._SCREEN")
	case !named.MatchString(name):
		return kurento.Grant{}, fault.FieldInvalid.New("field", "room", "want", "1 to 64 letters, digits and -_~")
	}
	r, err := g.Registry.RoomByName(ctx, g.Account, name)
	if errors.Is(err, fault.RoomNotFound) {
		r, err = g.make(ctx, name)
	}
	if err != nil {
		return kurento.Grant{}, err
	}
	t, err := g.Registry.Template(ctx, r.TemplateID)
	if err != nil {
		return kurento.Grant{}, err
	}
	role := kurento.RoleFor(t, kurento.Publisher)
	if role == "" {
		return kurento.Grant{}, fault.RoleNotFound.New("role", kurento.Publisher, "template", t.Name)
	}
	// A token for each join, so that nobody takes up the place of another by name.
	raw, err := token.Mint(g.Key, token.Claims{Type: token.App, RoomID: r.ID, Role: role, ExpiresAt: time.Now().Add(tokenLife)})
	if err != nil {
		return kurento.Grant{}, err
	}
	return kurento.Grant{RoomToken: raw, Connection: user, Session: name, Role: kurento.Publisher, CreatedAt: time.Now(), Undo: func() {}}, nil
}

// make makes a room that somebody asked for, while there may be more of those.
func (g *Guests) make(ctx context.Context, name string) (registry.Room, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.made >= g.Rooms {
		if g.Rooms == 0 {
			return registry.Room{}, fault.RoomNotFound.New("room", name)
		}
		g.Limited("kurento.rooms")
		return registry.Room{}, fault.Overloaded.New("limit", "kurento.rooms", "max", g.Rooms)
	}
	r, fresh, err := g.Registry.CreateRoom(ctx, registry.Room{Name: name, CustomerID: g.Account, Enabled: true})
	if err == nil && fresh {
		g.made++
	}
	return r, err
}
