// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

// fixture opens a registry in a directory whose clock moves a second forward
// with every look at it.
func fixture(t testing.TB, dir string) *Registry {
	t.Helper()
	clock := &ticking{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	r, err := open(t.Context(), dir, nil, clock.now, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

type ticking struct {
	mu sync.Mutex
	at time.Time
}

func (c *ticking) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Second)
	return c.at
}

func room(t *testing.T, r *Registry, name string) Room {
	t.Helper()
	m, created, err := r.CreateRoom(t.Context(), Room{CustomerID: "acme", Name: name, Enabled: true})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	return m
}

func wantFault(t *testing.T, err error, want *fault.Kind, field string) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != want || field != "" && fmt.Sprint(e.Detail("field")) != field {
		t.Errorf("got %v, want %s %s", err, want.ID, field)
	}
}

func TestARoomIsCreatedOncePerName(t *testing.T) {
	r := fixture(t, t.TempDir())
	first := room(t, r, "Lobby")
	if len(first.ID) != 24 || first.TemplateName != "default" || !first.Enabled || first.CreatedAt.IsZero() {
		t.Errorf("%+v", first)
	}
	again, created, err := r.CreateRoom(t.Context(), Room{CustomerID: "acme", Name: "lobby", Description: "other"})
	if err != nil || created || again != first {
		t.Errorf("again: %+v, %v, %v", again, created, err)
	}
	other, created, err := r.CreateRoom(t.Context(), Room{CustomerID: "umbrella", Name: "Lobby"})
	if err != nil || !created || other.ID == first.ID {
		t.Errorf("another customer's: %+v, %v, %v", other, created, err)
	}
	if other.TemplateID == first.TemplateID {
		t.Error("two customers share a template")
	}
	unnamed := room(t, r, "")
	if unnamed.Name == "" {
		t.Error("no name was made up")
	}
}

func TestConcurrentCreatesOfOneNameMakeOneRoom(t *testing.T) {
	r := fixture(t, t.TempDir())
	var wg sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		wg.Go(func() {
			m, _, err := r.CreateRoom(t.Context(), Room{CustomerID: "acme", Name: "lobby"})
			if err != nil {
				t.Error(err)
			}
			ids[i] = m.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("ids %v", ids)
		}
	}
}

func TestRoomsAreFoundByIDAndByName(t *testing.T) {
	r := fixture(t, t.TempDir())
	m := room(t, r, "lobby")
	if got, err := r.Room(t.Context(), m.ID); err != nil || got != m {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := r.RoomByName(t.Context(), "acme", "LOBBY"); err != nil || got != m {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := r.Room(t.Context(), "nope")
	wantFault(t, err, fault.RoomNotFound, "")
	_, err = r.RoomByName(t.Context(), "umbrella", "lobby")
	wantFault(t, err, fault.RoomNotFound, "")
}

func TestUpdatingARoom(t *testing.T) {
	r := fixture(t, t.TempDir())
	m, other := room(t, r, "lobby"), room(t, r, "other")
	got, err := r.UpdateRoom(t.Context(), m.ID, func(m *Room) error {
		m.ID, m.CustomerID = "stolen", "umbrella" // not the change's to make
		m.Description, m.Enabled, m.MaxPeers, m.MaxDuration = "a place", false, 7, time.Hour
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != m.ID || got.CustomerID != "acme" || got.Description != "a place" || got.Enabled ||
		got.MaxPeers != 7 || got.MaxDuration != time.Hour || !got.UpdatedAt.After(m.UpdatedAt) || !got.CreatedAt.Equal(m.CreatedAt) {
		t.Errorf("%+v", got)
	}
	f := func(want *fault.Kind, field string, change func(*Room)) {
		t.Helper()
		_, err := r.UpdateRoom(t.Context(), m.ID, func(m *Room) error { change(m); return nil })
		wantFault(t, err, want, field)
	}
	f(fault.NameTaken, "name", func(m *Room) { m.Name = "OTHER" })
	f(fault.FieldInvalid, "name", func(m *Room) { m.Name = "a b" })
	f(fault.FieldInvalid, "name", func(m *Room) { m.Name = "a/b" })
	f(fault.FieldInvalid, "size", func(m *Room) { m.MaxPeers = -1 })
	f(fault.FieldInvalid, "max_duration_seconds", func(m *Room) { m.MaxDuration = time.Second })
	f(fault.TemplateNotFound, "", func(m *Room) { m.TemplateID = "nope" })
	if _, err := r.UpdateRoom(t.Context(), "nope", func(*Room) error { return nil }); !errors.Is(err, fault.RoomNotFound) {
		t.Error(err)
	}
	if still, _ := r.Room(t.Context(), m.ID); still != got {
		t.Errorf("a refused change left traces: %+v", still)
	}
	if still, _ := r.Room(t.Context(), other.ID); still != other {
		t.Errorf("another room changed: %+v", still)
	}
}

func TestALockedRoomStaysLockedUntilItIsUnlocked(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	m := room(t, r, "lobby")
	if err := r.SetLocked(t.Context(), m.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r = fixture(t, dir)
	if got, err := r.Room(t.Context(), m.ID); err != nil || !got.Locked {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
	if err := r.SetLocked(t.Context(), m.ID, false); err != nil {
		t.Fatal(err)
	}
	if got, _ := r.Room(t.Context(), m.ID); got.Locked {
		t.Error("still locked")
	}
	wantFault(t, r.SetLocked(t.Context(), "nope", true), fault.RoomNotFound, "")
}

func TestListsGoFromTheNewestThroughEveryPage(t *testing.T) {
	r := fixture(t, t.TempDir())
	var want []string
	for i := range 25 {
		want = append([]string{room(t, r, fmt.Sprintf("room-%d", i)).Name}, want...)
	}
	if _, _, err := r.CreateRoom(t.Context(), Room{CustomerID: "umbrella", Name: "foreign"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	q := RoomQuery{CustomerID: "acme"}
	pages := 0
	for {
		p, err := r.ListRooms(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if p.Limit != DefaultLimit {
			t.Errorf("limit %d", p.Limit)
		}
		if len(p.Data) == 0 {
			if p.Last != "" {
				t.Errorf("an empty page has a last entry: %s", p.Last)
			}
			break
		}
		pages++
		for _, m := range p.Data {
			got = append(got, m.Name)
		}
		q.Start = p.Last
	}
	if pages != 3 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d pages: %v", pages, got)
	}

	_, err := r.ListRooms(t.Context(), RoomQuery{Start: "nope"})
	wantFault(t, err, fault.FieldInvalid, "start")
	for _, n := range []int{-1, 101} {
		_, err = r.ListRooms(t.Context(), RoomQuery{Limit: n})
		wantFault(t, err, fault.FieldInvalid, "limit")
	}
}

func TestListsAreFiltered(t *testing.T) {
	r := fixture(t, t.TempDir())
	a, b, c := room(t, r, "a"), room(t, r, "b"), room(t, r, "c")
	if _, err := r.UpdateRoom(t.Context(), b.ID, func(m *Room) error { m.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	f := func(q RoomQuery, want ...string) {
		t.Helper()
		p, err := r.ListRooms(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, m := range p.Data {
			got = append(got, m.Name)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v: %v, want %v", q, got, want)
		}
	}
	f(RoomQuery{Enabled: &yes}, "c", "a")
	f(RoomQuery{Enabled: &no}, "b")
	f(RoomQuery{Name: "B"}, "b")
	f(RoomQuery{After: b.CreatedAt}, "c", "b")
	f(RoomQuery{Before: b.CreatedAt}, "b", "a")
	f(RoomQuery{After: a.CreatedAt.Add(1), Before: c.CreatedAt.Add(-1)}, "b")
	f(RoomQuery{CustomerID: "umbrella"})
	f(RoomQuery{TemplateID: a.TemplateID, Limit: 2}, "c", "b")
}

func TestTemplates(t *testing.T) {
	r := fixture(t, t.TempDir())
	made, err := r.CreateTemplate(t.Context(), policy.Template{
		CustomerID: "acme", Name: "Class", Description: "a class",
		Roles: map[string]policy.Role{"teacher": {}, "student": {Publish: policy.Publish{Allowed: []string{"audio"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Template(t.Context(), made.ID)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(made) {
		t.Errorf("%+v\n%+v, %v", got, made, err)
	}
	if !got.Roles["teacher"].MayPublish("video") || got.Roles["student"].MayPublish("video") || got.Description != "a class" {
		t.Errorf("%+v", got)
	}

	over, err := r.CreateTemplate(t.Context(), policy.Template{
		CustomerID: "acme", Name: "class", Roles: map[string]policy.Role{"anyone": {}},
	})
	if err != nil || over.ID != made.ID || len(over.Roles) != 1 {
		t.Errorf("a second template of that name: %+v, %v", over, err)
	}

	_, err = r.CreateTemplate(t.Context(), policy.Template{CustomerID: "acme", Name: "empty"})
	wantFault(t, err, fault.FieldMissing, "roles")
	_, err = r.UpdateTemplate(t.Context(), made.ID, func(t *policy.Template) error {
		role := t.Roles["anyone"]
		role.Publish.Video.Width = -5
		t.Roles["anyone"] = role
		return nil
	})
	wantFault(t, err, fault.FieldInvalid, "roles.anyone.publish.video.width")
	_, err = r.UpdateTemplate(t.Context(), "nope", func(*policy.Template) error { return nil })
	wantFault(t, err, fault.TemplateNotFound, "")
}

func TestOneTemplateIsTheDefault(t *testing.T) {
	r := fixture(t, t.TempDir())
	first, err := r.DefaultTemplate(t.Context(), "acme")
	if err != nil || !first.Default || len(first.Roles) != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := r.DefaultTemplate(t.Context(), "acme"); err != nil || again.ID != first.ID {
		t.Errorf("made twice: %+v, %v", again, err)
	}
	second, err := r.CreateTemplate(t.Context(), policy.Template{
		CustomerID: "acme", Name: "mine", Default: true, Roles: map[string]policy.Role{"anyone": {}},
	})
	if err != nil || !second.Default {
		t.Fatalf("%+v, %v", second, err)
	}
	if m := room(t, r, "lobby"); m.TemplateID != second.ID {
		t.Errorf("the room took %s", m.TemplateID)
	}
	if old, _ := r.Template(t.Context(), first.ID); old.Default {
		t.Error("two defaults")
	}
	_, err = r.UpdateTemplate(t.Context(), second.ID, func(t *policy.Template) error { t.Default = false; return nil })
	wantFault(t, err, fault.FieldInvalid, "default")
}

func TestATemplateInUseIsNotDeleted(t *testing.T) {
	r := fixture(t, t.TempDir())
	m := room(t, r, "lobby")
	tmpl, err := r.CreateTemplate(t.Context(), policy.Template{CustomerID: "acme", Roles: map[string]policy.Role{"anyone": {}}})
	if err != nil {
		t.Fatal(err)
	}
	setTemplate := func(id string) {
		t.Helper()
		if _, err := r.UpdateRoom(t.Context(), m.ID, func(m *Room) error { m.TemplateID = id; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	wantFault(t, r.DeleteTemplate(t.Context(), m.TemplateID), fault.TemplateInUse, "") // the default
	setTemplate(tmpl.ID)
	wantFault(t, r.DeleteTemplate(t.Context(), tmpl.ID), fault.TemplateInUse, "")
	setTemplate(m.TemplateID)
	if err := r.DeleteTemplate(t.Context(), tmpl.ID); err != nil {
		t.Fatal(err)
	}
	wantFault(t, r.DeleteTemplate(t.Context(), tmpl.ID), fault.TemplateNotFound, "")
	if _, _, err := r.CreateRoom(t.Context(), Room{CustomerID: "umbrella", Name: "x", TemplateID: m.TemplateID}); !errors.Is(err, fault.TemplateNotFound) {
		t.Errorf("another customer's template was taken: %v", err)
	}
}

func TestEachRoleHasOneCode(t *testing.T) {
	r := fixture(t, t.TempDir())
	m := room(t, r, "lobby")
	codes, err := r.CreateCodes(t.Context(), m.ID)
	if err != nil || len(codes) != 3 {
		t.Fatalf("%v, %v", codes, err)
	}
	again, err := r.CreateCodes(t.Context(), m.ID)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(codes) {
		t.Errorf("made anew: %v, %v", again, err)
	}
	host, err := r.CreateCodes(t.Context(), m.ID, "host")
	if err != nil || len(host) != 1 || host[0].Role != "host" {
		t.Errorf("%v, %v", host, err)
	}
	if got, err := r.Code(t.Context(), host[0].Code); err != nil || got != host[0] || !got.Enabled || len(got.Code) != 12 {
		t.Errorf("%+v, %v", got, err)
	}
	off, err := r.SetCodeEnabled(t.Context(), host[0].Code, false)
	if err != nil || off.Enabled {
		t.Errorf("%+v, %v", off, err)
	}
	yes := true
	p, err := r.Codes(t.Context(), CodeQuery{RoomID: m.ID, Enabled: &yes})
	if err != nil || len(p.Data) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = r.Codes(t.Context(), CodeQuery{RoomID: m.ID, Limit: 2})
	if err != nil || len(p.Data) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	p, err = r.Codes(t.Context(), CodeQuery{RoomID: m.ID, Limit: 2, Start: p.Last})
	if err != nil || len(p.Data) != 1 || p.Data[0].Role != "viewer" {
		t.Errorf("second page: %+v, %v", p, err)
	}

	_, err = r.CreateCodes(t.Context(), m.ID, "clown")
	wantFault(t, err, fault.RoleNotFound, "role")
	_, err = r.CreateCodes(t.Context(), "nope")
	wantFault(t, err, fault.RoomNotFound, "")
	_, err = r.Code(t.Context(), "nope")
	wantFault(t, err, fault.CodeNotFound, "")
	_, err = r.SetCodeEnabled(t.Context(), "nope", true)
	wantFault(t, err, fault.CodeNotFound, "")
}

func TestACodeDiesWithItsRole(t *testing.T) {
	r := fixture(t, t.TempDir())
	m := room(t, r, "lobby")
	host, err := r.CreateCodes(t.Context(), m.ID, "host")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.UpdateTemplate(t.Context(), m.TemplateID, func(t *policy.Template) error {
		delete(t.Roles, "host")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	codes, err := r.CreateCodes(t.Context(), m.ID)
	if err != nil || len(codes) != 2 {
		t.Fatalf("%v, %v", codes, err)
	}
	if got, _ := r.Code(t.Context(), host[0].Code); got.Enabled {
		t.Error("the code of a role that is gone still works")
	}
	_, err = r.SetCodeEnabled(t.Context(), host[0].Code, true)
	wantFault(t, err, fault.RoleNotFound, "")

	if _, err := r.UpdateRoom(t.Context(), m.ID, func(m *Room) error { m.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	_, err = r.CreateCodes(t.Context(), m.ID)
	wantFault(t, err, fault.RoomDisabled, "")
}

func TestRevocationsOutliveARestartAndAreForgottenInTheEnd(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	start := r.opened
	f := func(jti string, want bool) {
		t.Helper()
		if got, err := r.Revoked(t.Context(), jti); err != nil || got != want {
			t.Errorf("%s: %v, %v", jti, got, err)
		}
	}
	revoke := func(jti string, until time.Time) {
		t.Helper()
		if err := r.Revoke(t.Context(), jti, until); err != nil {
			t.Fatal(err)
		}
	}
	f("a", false)
	revoke("a", start.Add(time.Minute))
	revoke("forever", time.Time{})
	revoke("forever", start.Add(time.Minute))
	f("a", true)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	later := &ticking{at: start.Add(time.Minute + forgetAfter + time.Hour)}
	var err error
	if r, err = open(t.Context(), dir, nil, later.now, Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	f("a", true)
	revoke("b", later.at.Add(time.Minute))
	f("a", false)
	f("b", true)
	f("forever", true)
	wantFault(t, r.Revoke(t.Context(), "", time.Time{}), fault.FieldMissing, "jti")
}

// TestRevocationsBeyondWhatIsInMemory: however many there are, each is found and no other,
// before a restart and after it.
func TestRevocationsBeyondWhatIsInMemory(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	look := func(inMemory bool) {
		t.Helper()
		if _, known := r.revoked.has("any"); known != inMemory {
			t.Errorf("they are in memory: %v, want %v", known, inMemory)
		}
		for jti, want := range map[string]bool{"id-0": true, "the last": true, "another": false} {
			if got, err := r.Revoked(t.Context(), jti); err != nil || got != want {
				t.Errorf("%s: %v, %v", jti, got, err)
			}
		}
	}
	if _, err := r.write.Exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1 < ?)
		INSERT INTO revocations (jti) SELECT 'id-' || i FROM n`, maxRevoked-1); err != nil {
		t.Fatal(err)
	}
	reopen := func() {
		t.Helper()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if r, err = Open(t.Context(), dir, nil); err != nil {
			t.Fatal(err)
		}
	}
	reopen()
	t.Cleanup(func() { _ = r.Close() })
	if err := r.Revoke(t.Context(), "the last", time.Time{}); err != nil {
		t.Fatal(err)
	}
	look(true)
	if err := r.Revoke(t.Context(), "one too many", time.Time{}); err != nil {
		t.Fatal(err)
	}
	look(false)
	reopen()
	look(false)
}

func TestTwoProcessesDoNotShareADirectory(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	if other, err := Open(t.Context(), dir, nil); !errors.Is(err, fault.DataDirBusy) {
		t.Errorf("opened %v, %v", other, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	fixture(t, dir)
}

func TestANewerFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	r := fixture(t, dir)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, nil)
	wantFault(t, err, fault.StoreUnavailable, "")
	if _, err = Open(t.Context(), dir, nil); errors.Is(err, fault.DataDirBusy) {
		t.Error("the failed start kept the directory")
	}
}

func TestABrokenFileIsAFault(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "registry.db"), []byte("this is not a database, but it is long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, nil)
	wantFault(t, err, fault.StoreDamaged, "")
}

func TestADirectoryWithAwkwardLettersWorks(t *testing.T) {
	r := fixture(t, filepath.Join(t.TempDir(), "a b?c%41#d"))
	room(t, r, "lobby")
}

// TestEveryMigrationIsTold: an upgrade-check has a line for each.
func TestEveryMigrationIsTold(t *testing.T) {
	if len(changes) != len(migrations) {
		t.Errorf("%d migrations, %d of them told", len(migrations), len(changes))
	}
}
