// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

func TestMessages(t *testing.T) {
	send := func(by *person, m room.Message) (room.Message, error) { return by.room.Send(by.w.Context(), by.id, m) }

	spec(t, "to all: everybody but the sender", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "guest"), w.join("eve", "viewer")
		sent, err := send(ann, room.Message{Type: "chat", Body: "hello"})
		w.ok(err)
		none[room.MessageSent](ann)
		for _, p := range []*person{bob, eve} {
			m := one[room.MessageSent](p).Message
			w.same("message", []any{m.ID, m.From.ID, m.Type, m.Body, m.Private}, []any{sent.ID, "ann", "chat", "hello", false})
		}
		if sent.ID == "" || sent.At.IsZero() {
			w.Errorf("without id or time: %+v", sent)
		}
	})
	spec(t, "to roles: their peers but not the sender", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "host"), w.join("eve", "viewer")
		_, err := send(ann, room.Message{Roles: []string{"host"}, Body: "hosts only"})
		w.ok(err)
		w.same("roles", one[room.MessageSent](bob).Message.Roles, []string{"host"})
		none[room.MessageSent](ann)
		none[room.MessageSent](eve)
		_, err = send(ann, room.Message{Roles: []string{"ghost"}})
		w.refused(err, fault.RoleNotFound, "role", "ghost")
	})
	spec(t, "to one: privately", func(w *world) {
		ann, bob, eve := w.join("ann", "host"), w.join("bob", "guest"), w.join("eve", "viewer")
		_, err := send(bob, room.Message{To: "ann", Body: "psst"})
		w.ok(err)
		w.same("private", one[room.MessageSent](ann).Message.Private, true)
		none[room.MessageSent](eve)
		none[room.MessageSent](bob)
		_, err = send(bob, room.Message{To: "ghost"})
		w.refused(err, fault.PeerNotFound, "peer", "ghost")
	})
	spec(t, "from the server: to all, from nobody", func(w *world) {
		ann := w.join("ann", "host")
		_, err := ann.room.Send(w.Context(), "", room.Message{Body: "closing soon"})
		w.ok(err)
		w.same("from", one[room.MessageSent](ann).Message.From == nil, true)
	})
	spec(t, "from a stranger, or too long", func(w *world) {
		ann := w.join("ann", "host")
		_, err := ann.room.Send(w.Context(), "ghost", room.Message{})
		w.refused(err, fault.PeerNotFound)
		_, err = send(ann, room.Message{Type: "x", Body: strings.Repeat("x", room.MaxMessage)})
		w.refused(err, fault.MessageTooLarge, "max_characters", room.MaxMessage, "characters", room.MaxMessage+1)
		_, err = send(ann, room.Message{Body: strings.Repeat("x", room.MaxMessage)})
		w.ok(err)
	})
}

func TestMetadata(t *testing.T) {
	set := func(p *person, key, data string, if_ ...int64) (room.Entry, error) {
		var v *int64
		if len(if_) > 0 {
			v = &if_[0]
		}
		return p.room.Metadata().Set(p.w.Context(), p.id, key, json.RawMessage(data), v)
	}
	spec(t, "a value has a version that grows, an author and a time", func(w *world) {
		ann := w.join("ann", "host")
		e, err := set(ann, "slide", `1`)
		w.ok(err)
		w.same("entry", []any{e.Version, e.UpdatedBy, string(e.Data), e.UpdatedAt.IsZero()}, []any{1, "ann", "1", false})
		e, err = set(ann, "slide", `2`)
		w.ok(err)
		w.same("version", e.Version, 2)
		other, err := set(ann, "mood", `"good"`)
		w.ok(err)
		w.same("version of another key", other.Version, 1)
		e, err = ann.room.Metadata().Get(w.Context(), "slide")
		w.ok(err)
		w.same("read", string(e.Data), "2")
		e, err = ann.room.Metadata().Get(w.Context(), "nothing")
		w.ok(err)
		w.same("unknown", []any{e.Key, e.Version, e.Data == nil}, []any{"nothing", 0, true})
	})
	spec(t, "of two who write against the same version, one is told", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		_, err := set(ann, "slide", `1`, 0)
		w.ok(err)
		_, err = set(bob, "slide", `2`, 0)
		w.refused(err, fault.MetadataConflict, "key", "slide", "version", 1, "expected", 0)
		_, err = set(bob, "slide", `2`, 1)
		w.ok(err)
	})
	spec(t, "who observes a key hears of it, first of all what it is now", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		_, err := set(ann, "slide", `1`)
		w.ok(err)
		none[room.MetadataChanged](bob)
		w.ok(observe(w, bob, "slide", "mood"))
		now := one[room.MetadataChanged](bob).Entries
		w.same("now", []any{len(now), now[0].Key, string(now[0].Data)}, []any{1, "slide", "1"})

		bob.forget()
		for _, key := range []string{"slide", "mood", "secret"} {
			_, err = set(ann, key, `2`)
			w.ok(err)
		}
		w.same("heard", len(updates[room.MetadataChanged](bob)), 2)
		none[room.MetadataChanged](ann)

		w.ok(observe(w, bob, "secret"))
		bob.forget()
		_, err = set(ann, "slide", `3`)
		w.ok(err)
		none[room.MetadataChanged](bob)
		_, err = set(bob, "secret", `"mine"`)
		w.ok(err)
		w.same("one's own change", one[room.MetadataChanged](bob).Entries[0].UpdatedBy, "bob")
	})
	spec(t, "limits", func(w *world) {
		ann := w.join("ann", "host")
		_, err := set(ann, "", `1`)
		w.refused(err, fault.FieldInvalid, "field", "key")
		_, err = set(ann, strings.Repeat("k", 257), `1`)
		w.refused(err, fault.FieldInvalid, "field", "key")
		_, err = set(ann, "k", `"`+strings.Repeat("x", 64*1024)+`"`)
		w.refused(err, fault.MessageTooLarge, "field", "data")
		_, err = ann.room.Metadata().Set(w.Context(), "ghost", "k", json.RawMessage(`1`), nil)
		w.refused(err, fault.PeerNotFound)
		for i := range 200 {
			_, err := set(ann, fmt.Sprint("k", i), `1`)
			w.ok(err)
		}
		_, err = set(ann, "one more", `1`)
		w.refused(err, fault.FieldInvalid, "max_keys", 200)
		_, err = set(ann, "k7", `2`)
		w.ok(err)
		w.refused(observe(w, ann, make([]string, 201)...), fault.FieldInvalid, "field", "keys")
		w.refused(observe(w, ann, strings.Repeat("k", 257)), fault.FieldInvalid, "field", "keys")
		_, err = ann.room.Metadata().Observe(w.Context(), "ghost", nil)
		w.refused(err, fault.PeerNotFound)
	})
	spec(t, "a session holds so many bytes of it and no more", func(w *world) {
		ann := w.join("ann", "host")
		half := `"` + strings.Repeat("x", 500) + `"`
		_, err := set(ann, "a", half)
		w.ok(err)
		_, err = set(ann, "b", half)
		w.refused(err, fault.MessageTooLarge, "limit", "limits.room_metadata_bytes", "max_bytes", 1000)
		_, err = set(ann, "a", `1`) // makes room
		w.ok(err)
		_, err = set(ann, "b", half)
		w.ok(err)
	}, func(o *room.Options, _ *room.Spec) { o.MaxMetadata = 1000 })
	spec(t, "it ends with the session, not with its author", func(w *world) {
		ann, bob := w.join("ann", "host"), w.join("bob", "guest")
		_, err := set(ann, "slide", `1`)
		w.ok(err)
		ann.leave()
		e, err := bob.room.Metadata().Get(w.Context(), "slide")
		w.ok(err)
		w.same("still there", e.Version, 1)
		look := &person{w: w, id: "look"}
		_, err = bob.room.Watch(w.Context(), look)
		w.ok(err)
		w.ok(bob.room.Moderation().End(w.Context(), "", "over", false))
		eve := w.join("eve", "host")
		e, err = eve.room.Metadata().Get(w.Context(), "slide")
		w.ok(err)
		w.same("gone", e.Version, 0)
	})
}

func observe(w *world, p *person, keys ...string) error {
	_, err := p.room.Metadata().Observe(w.Context(), p.id, keys)
	return err
}
