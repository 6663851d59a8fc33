// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// Times of a participant of a test.
const (
	hearsWithin = 15 * time.Second // of the first media, with nothing provoked
	lookEvery   = 200 * time.Millisecond
	cleanWithin = 10 * time.Second // for removing what was made
)

// set is where one reproduction takes place: a room, its template, and those in it.
type set struct {
	cfg     *Config
	failure *Failure
	id      string // of the reproduction, in the ids of its users
	role    string
	sends   bool // the role may send sound

	template string // its id; "" while there is none
	room     registry.Room
	claims   token.Claims // of the test participant

	url      string
	inside   []*client.Room
	users    []string
	shutDoor func()
}

// build makes the room, with the settings of hers as far as they are known.
func (s *set) build(ctx context.Context, r *retrace) error {
	s.room = registry.Room{Name: "test-" + s.id, CustomerID: Account, Enabled: true}
	template := policy.Template{}
	hers, err := s.cfg.Registry.Room(ctx, s.failure.Event.RoomID)
	if err == nil && hers.CustomerID == s.failure.Event.AccountID {
		s.room.Enabled, s.room.Locked, s.room.MaxPeers = hers.Enabled, hers.Locked, hers.MaxPeers
		template, err = s.cfg.Registry.Template(ctx, hers.TemplateID)
	}
	if err != nil || len(template.Roles) == 0 {
		if template, err = s.cfg.Registry.DefaultTemplate(ctx, s.failure.Event.AccountID); err != nil {
			return err
		}
	}
	switch {
	case r == nil: // nothing but what is provoked is to be in the way
		s.room.Enabled, s.room.Locked, s.room.MaxPeers = true, false, 0
	case r.room != nil:
		r.room(s)
	}
	s.role = s.roleOf(&template, r)
	s.sends = template.Roles[s.role].MayPublish(policy.Audio)
	if r != nil && r.template != nil {
		r.template(&template, s.role)
	}
	template.ID, template.CustomerID, template.Name, template.Default = "", Account, "test-"+s.id, false
	if template, err = s.cfg.Registry.CreateTemplate(ctx, template); err != nil {
		return err
	}
	s.template, s.room.TemplateID = template.ID, template.ID
	if s.room, _, err = s.cfg.Registry.CreateRoom(ctx, s.room); err != nil {
		return err
	}
	s.claims = token.Claims{Type: token.App, RoomID: s.room.ID, Role: s.role}
	if s.url, s.shutDoor, err = s.cfg.Door(); err != nil {
		return err
	}
	return nil
}

// roleOf is her role; one that may send where something is provoked and hers may not.
func (s *set) roleOf(t *policy.Template, r *retrace) string {
	hers := s.failure.Event.Role
	if role, ok := t.Roles[hers]; r != nil && hers != "" || ok && role.MayPublish(policy.Audio) {
		return hers
	}
	for name, role := range t.Roles {
		if role.MayPublish(policy.Audio) {
			return name
		}
	}
	return hers
}

// enter joins the room, and sends sound where the role may.
func (s *set) enter(ctx context.Context, c token.Claims) (*client.Room, error) {
	c.UserID = "test-" + s.id + "-" + uuid.NewString()[:8]
	s.users = append(s.users, c.UserID)
	raw, err := token.Mint(s.cfg.Key, c)
	if err != nil {
		return nil, err
	}
	r, err := client.Join(ctx, client.Config{
		Endpoint: s.url, Token: raw, Name: "test participant", JoinTimeout: limit, StepTimeout: hearsWithin, ReconnectWindow: window,
		Agent: map[string]string{"framework": "repro"},
	})
	if err != nil {
		return nil, err
	}
	s.inside = append(s.inside, r)
	if s.sends {
		_, err = r.Publish(ctx, client.Tone())
	}
	return r, err
}

// errUnheard is that of two participants one hears nothing though nothing is provoked.
var errUnheard = errors.New("with nothing provoked, the server's own participants do not hear each other: this machine does not reach its own addresses for media")

// hear waits until those who are inside hear each other.
func (s *set) hear(ctx context.Context) error {
	ctx, stop := context.WithTimeoutCause(ctx, hearsWithin, errUnheard)
	defer stop()
	for _, r := range s.inside {
		for !hears(r) {
			if !pause(ctx, lookEvery) {
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// hears tells whether anything of the others arrives.
func hears(r *client.Room) bool {
	for _, t := range r.Stats().Tracks {
		if t.Packets > 0 {
			return true
		}
	}
	return false
}

// pause waits, and tells whether the context still runs.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// clear puts everybody out and removes what was made and what was recorded.
func (s *set) clear(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer stop()
	for _, r := range s.inside {
		r.Leave()
	}
	if s.shutDoor != nil {
		s.shutDoor()
	}
	var all []error
	if s.room.ID != "" {
		all = append(all, s.empty(ctx))
	}
	if s.template != "" {
		all = append(all, s.cfg.Registry.DeleteTemplate(ctx, s.template))
	}
	return errors.Join(all...)
}

// empty ends the session of the room and removes it, with what was recorded there.
func (s *set) empty(ctx context.Context) error {
	_, _ = s.cfg.Inject.Remove("", s.room.ID, "the end of the test", func(string) bool { return true })
	if r := s.cfg.Rooms.Active(s.room.ID); r != nil {
		_ = r.Moderation().End(ctx, "", "the test is over", false) // it may have ended by itself
	}
	all := []error{s.cfg.Written(ctx), s.cfg.Registry.RemoveRooms(ctx, Account, s.room.ID)}
	for _, user := range s.users {
		_, err := s.cfg.Events.Erase(ctx, Account, user, event.ProofToken)
		all = append(all, err)
	}
	return errors.Join(all...)
}
