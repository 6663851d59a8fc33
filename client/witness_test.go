// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// TestTheWitnessTellsItsFacts: what this client tells of its connections is what the
// table of docs/witness.md says that it tells.
func TestTheWitnessTellsItsFacts(t *testing.T) {
	here := connectionFor(t)
	offerTo(t, here)
	w := &witness{session: &session{}}
	w.watch(here)
	var report struct {
		By    string
		Facts map[string]json.RawMessage
	}
	if err := json.Unmarshal(w.body(), &report); err != nil {
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

// TestAConnectionClosesDuringAReport: a connection that is closed while its end tells of
// a change, and while a report asks it what it knows, closes nevertheless. The library
// waits for the handler with the lock that the report waits for.
func TestAConnectionClosesDuringAReport(t *testing.T) {
	const patience = 30 * time.Second // of a busy machine
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{session: &session{}}
	w.watch(pc)
	changing, goOn := make(chan struct{}), make(chan struct{})
	pc.SCTP().Transport().ICETransport().OnConnectionStateChange(func(now webrtc.ICETransportState) {
		if now == webrtc.ICETransportStateChecking { // runs before the handler of the witness
			close(changing)
			<-goOn
		}
	})
	offerTo(t, pc)
	answer, err := pc.CreateAnswer(nil)
	if err == nil {
		err = pc.SetLocalDescription(answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-changing

	closed := make(chan struct{})
	go func() { defer close(closed); _ = pc.GracefulClose() }()
	var reports sync.WaitGroup
	over := make(chan struct{})
	reports.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				w.body()
			}
		}
	})
	deadline := time.Now().Add(patience)
	for !reportWaits() {
		if time.Now().After(deadline) {
			t.Fatal("the library answers a report while it closes: this test shows nothing any more")
		}
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	close(over)
	select {
	case <-closed:
		reports.Wait()
	case <-time.After(patience):
		t.Fatal("the connection does not close")
	}
}

// reportWaits tells whether a report waits for a lock of the library's gatherer.
func reportWaits() bool {
	stacks := make([]byte, 1<<20)
	for one := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(one, "(*witness).body") && strings.Contains(one, "(*ICEGatherer)") && strings.Contains(one, "sync.(*RWMutex)") {
			return true
		}
	}
	return false
}

// offerTo makes an offer from elsewhere and applies it.
func offerTo(t *testing.T, pc *webrtc.PeerConnection) {
	t.Helper()
	there := connectionFor(t)
	if _, err := there.CreateDataChannel("any", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := there.CreateOffer(nil)
	if err == nil {
		err = there.SetLocalDescription(offer)
	}
	if err == nil {
		err = pc.SetRemoteDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
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
