// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

// TestTheWitnessTellsItsFacts: what this client tells of its connections is what the
// table of docs/witness.md says that it tells.
func TestTheWitnessTellsItsFacts(t *testing.T) {
	here, there := connectionFor(t), connectionFor(t)
	if _, err := there.CreateDataChannel("any", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := there.CreateOffer(nil)
	if err == nil {
		err = there.SetLocalDescription(offer)
	}
	if err == nil {
		err = here.SetRemoteDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{session: &session{}}
	w.watch(here)
	var report struct {
		By    string
		Facts map[string]json.RawMessage
	}
	w.mu.Lock()
	raw := w.body()
	w.mu.Unlock()
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	told := slices.Collect(maps.Keys(report.Facts))
	if report.By != "" {
		told = append(told, "by")
	}

	page, err := os.ReadFile("../docs/witness.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| fact | told by | meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	var documented []string
	for row := range strings.Lines(table) {
		if cells := strings.Split(row, "|"); len(cells) > 2 && strings.Contains(cells[2], "Go") {
			for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cells[1], -1) {
				documented = append(documented, m[1])
			}
		}
	}
	slices.Sort(told)
	slices.Sort(documented)
	if !slices.Equal(told, documented) {
		t.Errorf("told %q, documented %q", told, documented)
	}
}

func connectionFor(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}
