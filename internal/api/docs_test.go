// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

const reference = "../../docs/rest.md"

func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Each route has its section, and each section its route.
func TestTheReferenceHasEveryRoute(t *testing.T) {
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^### `([A-Z]+ /[^`]+)`").FindAllStringSubmatch(page(t), -1) {
		documented = append(documented, m[1])
	}
	routes := api.Patterns()
	slices.Sort(documented)
	slices.Sort(routes)
	if !slices.Equal(documented, routes) {
		t.Errorf("documented %q\nroutes     %q", documented, routes)
	}
}

// block is a fenced block of the page.
type block struct{ kind, text string }

var (
	fenced  = regexp.MustCompile("(?ms)^```([a-z0-9 ]*)\n(.*?)^```$")
	command = regexp.MustCompile(`^curl(?: -X ([A-Z]+))?( -H "\$AUTH")? "\$URL([^"]+)"(?: --json '([^']*)')?$`)
)

// The examples are run one after the other, and what the page shows of a reply
// is what comes back: the same fields of the same types, except where the page
// says "...".
func TestTheExamplesOfTheReferenceWork(t *testing.T) {
	f, vars := example(t)
	replace := strings.NewReplacer(vars...)
	var blocks []block
	for _, m := range fenced.FindAllStringSubmatch(page(t), -1) {
		blocks = append(blocks, block{m[1], replace.Replace(m[2])})
	}
	ran := 0
	for i, b := range blocks {
		if b.kind != "sh" {
			continue
		}
		var last reply
		for line := range strings.Lines(b.text) {
			m := command.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				t.Errorf("not understood: %s", line)
				continue
			}
			caller, method, body := f, "GET", any(nil)
			if m[4] != "" {
				method, body = "POST", m[4]
			}
			if m[1] != "" {
				method = m[1]
			}
			if m[2] == "" {
				caller = f.as("")
			}
			last = caller.do(method, m[3], body)
			ran++
			if last.status != http.StatusOK && (method != "DELETE" || last.status != http.StatusNoContent) &&
				!(i+1 < len(blocks) && blocks[i+1].kind == fmt.Sprint("json ", last.status)) {
				t.Errorf("%s: %d %s", last.call, last.status, last.raw)
			}
		}
		if i+1 < len(blocks) && strings.HasPrefix(blocks[i+1].kind, "json") {
			var want any
			if err := json.Unmarshal([]byte(blocks[i+1].text), &want); err != nil {
				t.Errorf("the reply shown for %s: %v", last.call, err)
				continue
			}
			compare(t, last.call, want, last.json)
		}
	}
	if ran < 30 {
		t.Errorf("only %d examples were found", ran)
	}
}

// compare wants the fields of an example in a reply, and no others.
func compare(t *testing.T, at string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case object:
		g, ok := got.(object)
		if !ok {
			t.Errorf("%s is not an object: %v", at, got)
			return
		}
		_, open := w["..."]
		for k, v := range w {
			if k != "..." {
				compare(t, at+"."+k, v, g[k])
			}
		}
		for k := range g {
			if _, shown := w[k]; !shown && !open {
				t.Errorf("%s.%s is not on the page", at, k)
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) > 0 && len(g) == 0 {
			t.Errorf("%s is not a list like %v: %v", at, w, got)
			return
		}
		for i := range min(len(w), len(g)) {
			compare(t, fmt.Sprintf("%s[%d]", at, i), w[i], g[i])
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			t.Errorf("%s is %v, the page shows %v", at, got, want)
		}
	}
}

// example prepares what the examples speak of, and says what their variables
// stand for.
func example(t *testing.T) (*fixture, []string) {
	f := serve(t)
	id := f.newRoom("lobby")
	tmpl := f.post("/v2/templates", object{"name": "class", "roles": oneRole()}).ok().str("id")
	code := f.post("/v2/room-codes/room/"+id+"/role/host", nil).ok().str("code")
	f.join(id, "ada-1", "host")
	f.join(id, "bob-1", "guest") // so that the session outlives Ada's removal
	live := f.hub.Active(id)
	if _, err := live.SetGroup(t.Context(), "ada-1", "ada-1", room.HandRaise, true); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Publish(t.Context(), "ada-1", []room.Track{{ID: "track-1", StreamID: "s", Kind: room.Video, Source: room.SourceRegular}}); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Hour)
	for _, err := range []error{
		f.registry.StartSession(t.Context(), registry.Session{ID: "session-1", RoomID: id, RoomName: "lobby", TemplateID: "t", StartedAt: began}),
		f.registry.SavePeer(t.Context(), registry.SessionPeer{ID: "ada-1", SessionID: "session-1", RoomID: id, Name: "Ada", Role: "host", UserID: "ada", Data: "{}", JoinedAt: began}),
		f.registry.PeerLeft(t.Context(), "session-1", "ada-1", "", "left", began.Add(time.Minute)),
		f.registry.EndSession(t.Context(), "session-1", began.Add(2*time.Minute)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return f, []string{
		"$ROOM_TOKEN", mint(t, acme, token.Claims{Type: token.App, RoomID: id, Role: "host"}),
		"$ROOM", id, "$TEMPLATE", tmpl, "$CODE", code, "$PEER", "ada-1", "$TRACK", "track-1", "$SESSION", "session-1",
	}
}
