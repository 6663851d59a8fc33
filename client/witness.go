// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Limits of what a witness keeps and says.
const (
	maxWitnessPaths   = 4
	maxWitnessChanges = 8
	witnessDelay      = 200 * time.Millisecond // so that what fails together is told together
	witnessPause      = 3 * time.Second        // between two reports
)

// witnessRetries are the waits before a report that did not arrive is made again.
var witnessRetries = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}

// started is when this program was, and a random name for this run of it.
var (
	started = time.Now()
	runID   = sync.OnceValue(func() string { return uuid.NewString()[:8] })
)

// witness tells the server what this end knows of its media connections when
// something has failed: POST /api/v1/witness, as a page's witness does. Whose it is
// the server knows by its own ICE credentials.
type witness struct {
	session *session

	mu      sync.Mutex       // not held while a connection is asked; see body
	paths   []*witnessedPath // oldest first
	waiting bool             // a report is about to be made
	last    time.Time        // when the last one was
}

type witnessedPath struct {
	pc      *webrtc.PeerConnection
	servers map[string]int
	changes []witnessMoment
	used    atomic.Pointer[webrtc.ICECandidatePair] // as told: asking the library races with its start of ICE
}

type witnessMoment struct {
	What string `json:"what"`
	At   int64  `json:"at"`
}

// newConnection makes a connection that the witness sees.
func (s *session) newConnection() (*webrtc.PeerConnection, error) {
	pc, err := s.api.NewPeerConnection(webrtc.Configuration{ICEServers: s.ice})
	if err == nil {
		s.wit.watch(pc)
	}
	return pc, err
}

func (w *witness) watch(pc *webrtc.PeerConnection) {
	p := &witnessedPath{pc: pc, servers: map[string]int{}}
	for _, server := range w.session.ice {
		for _, u := range server.URLs {
			kind := "stun"
			if strings.HasPrefix(u, "turn") {
				kind = "turn"
			}
			p.servers[kind]++
		}
	}
	w.mu.Lock()
	w.paths = append(w.paths, p)
	if over := len(w.paths) - maxWitnessPaths; over > 0 {
		w.paths = slices.Delete(w.paths, 0, over)
	}
	w.mu.Unlock()
	pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(p.used.Store)
	pc.OnICEConnectionStateChange(func(now webrtc.ICEConnectionState) {
		w.mu.Lock()
		defer w.mu.Unlock()
		p.changes = append(p.changes, witnessMoment{"ice " + now.String(), time.Now().UnixMilli()})
		if over := len(p.changes) - maxWitnessChanges; over > 0 {
			p.changes = slices.Delete(p.changes, 0, over)
		}
	})
}

// tell makes a report soon. It never blocks.
func (w *witness) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting || len(w.paths) == 0 {
		return
	}
	w.waiting = true
	waits := append([]time.Duration{max(witnessDelay, witnessPause-time.Since(w.last))}, witnessRetries...)
	w.session.spawn(func() {
		for i, wait := range waits {
			select {
			case <-time.After(wait):
			case <-w.session.ctx.Done():
				return
			}
			if w.report(i == len(waits)-1) {
				return
			}
		}
	})
}

// report makes a report and tells whether there is no need of another.
func (w *witness) report(last bool) bool {
	w.mu.Lock()
	w.last = time.Now()
	w.waiting = false // what happens from now on is not in it
	w.mu.Unlock()
	body := w.body()
	if body == nil {
		return true
	}
	// It helps whoever looks for a cause, and nothing depends on it.
	status, answer, err := w.session.http.ask(w.session.ctx, fault.OpReport, http.MethodPost, "/api/v1/witness", "", body)
	if err == nil && status == http.StatusOK {
		return true
	}
	w.session.log.Debug("what this end knows of a failure was not taken", "status", status, "answer", clip(string(answer), 200), "err", err)
	again := !last && (err != nil || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting { // somebody else makes one
		return true
	}
	w.waiting = again
	return !again
}

// noted is a copy of what was noted of the connections.
func (w *witness) noted() []notedPath {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]notedPath, 0, len(w.paths))
	for _, p := range w.paths {
		all = append(all, notedPath{p, slices.Clone(p.changes)})
	}
	return all
}

// notedPath is a connection with its changes so far.
type notedPath struct {
	*witnessedPath
	changes []witnessMoment
}

// body is a report of what is known now, nil when nobody could know whose it is. The
// connections are asked without mu: one that closes answers only when its handlers
// have returned, and they take mu.
func (w *witness) body() []byte {
	type credential struct {
		Ufrag string `json:"ufrag"`
		Pwd   string `json:"pwd"`
	}
	var shown []credential
	var paths []map[string]any
	for _, p := range w.noted() {
		if remote := p.pc.RemoteDescription(); remote != nil {
			if c := (credential{lineOf(remote.SDP, "a=ice-ufrag:"), lineOf(remote.SDP, "a=ice-pwd:")}); c.Ufrag != "" && c.Pwd != "" {
				shown = append(shown, c)
			}
		}
		one := map[string]any{
			"state": p.pc.ConnectionState().String(), "ice": p.pc.ICEConnectionState().String(), "servers": p.servers, "changes": p.changes, "found": found(p.pc),
		}
		if pair := p.used.Load(); pair != nil {
			one["protocol"], one["local"] = pair.Local.Protocol.String(), pair.Local.Typ.String()
		}
		paths = append(paths, one)
	}
	if len(shown) == 0 {
		return nil
	}
	body, _ := json.Marshal(map[string]any{
		"sent": time.Now().UnixMilli(), "by": "go", "credentials": shown,
		"facts": map[string]any{"page": runID(), "loaded": started.UnixMilli(), "paths": paths},
	})
	return body
}

// found counts our own candidates by kind.
func found(pc *webrtc.PeerConnection) map[string]int {
	kinds := map[string]int{}
	local := pc.LocalDescription()
	if local == nil {
		return kinds
	}
	seen := map[string]bool{} // each section repeats them
	for line := range strings.SplitSeq(local.SDP, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 8 || !strings.HasPrefix(line, "a=candidate:") || fields[1] != "1" || seen[line] {
			continue
		}
		seen[line] = true
		kinds[fields[7]]++
		if strings.EqualFold(fields[2], "tcp") {
			kinds["tcp"]++
		}
	}
	return kinds
}

// lineOf is the rest of the first line of a description that begins so.
func lineOf(description, begins string) string {
	for line := range strings.SplitSeq(description, "\n") {
		if rest, ok := strings.CutPrefix(line, begins); ok {
			return strings.TrimSuffix(rest, "\r")
		}
	}
	return ""
}
