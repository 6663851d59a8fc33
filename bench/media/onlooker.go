// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// onlooker is one of a thousand: it joins as the SDK does with pictures on demand, asks for a
// few that there are, and counts what comes. Of the others in the room it keeps nothing.
type onlooker struct {
	*ourPeer
	sees *watcher
	ends [2]*thin

	mu    sync.Mutex
	api   *datachannel.DataChannel // in which pictures are asked for
	list  bool                     // it knows who is there
	asked bool
	left  int // of what a join takes
}

// watch has a viewer join; it is in when both connections are up and what it looks at is
// agreed upon.
func (o *ours) watch(ctx context.Context, name string, w *watcher) (leave func(), err error) {
	p, err := o.reach(ctx, member{name: name, got: newReceived()})
	if err != nil {
		return nil, err
	}
	v := &onlooker{ourPeer: p, sees: w, left: len(p.pcs) + w.looks}
	for i := range v.ends {
		if v.ends[i], err = newThin(); err != nil {
			return nil, err
		}
	}
	v.ends[publishing].packet, v.ends[subscribing].packet = func(*rtp.Header) {}, w.count
	v.ends[publishing].message, v.ends[subscribing].message = func(*datachannel.DataChannel, []byte) {}, v.said
	inside, cancel := context.WithCancel(context.Background())
	out, err := p.enter(ctx, participant{
		listen: func(ctx context.Context) error { return v.listen(ctx, inside) }, goodbye: p.goodbye,
		every: 3 * time.Second, ping: p.ping,
	})
	leave = func() {
		cancel()
		if out != nil {
			out()
		}
		for _, t := range v.ends {
			t.close()
		}
	}
	if err != nil {
		leave()
		return nil, fmt.Errorf("%s does not get in: %w", name, err)
	}
	return leave, nil
}

// method is the name of a notification, by its first bytes.
func method(frame []byte) string {
	rest, ok := bytes.CutPrefix(frame, []byte(`{"jsonrpc":"2.0","method":"`))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(name)
}

// listen takes one message, and reads it where it is of those that a viewer needs: of a
// thousand who come each hears of all others.
func (v *onlooker) listen(ctx, inside context.Context) error {
	_, raw, err := v.socket.Read(ctx)
	if err != nil {
		return err
	}
	if name := method(raw); name != "" && !slices.Contains([]string{"on-policy-change", "peer-list", "offer", "trickle", "on-error"}, name) {
		return nil
	}
	var f frame
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	if f.Error != nil {
		return fmt.Errorf("%s is refused: %s", f.ID, f.Error)
	}
	return v.hear(ctx, inside, f)
}

func (v *onlooker) hear(ctx, inside context.Context, f frame) error {
	switch {
	case f.Method == "on-policy-change":
		return v.send(ctx, "join", "join", map[string]any{
			"name": v.who.name, "data": "", "disableVidAutoSub": true, "onDemandTracks": true, "offer": description{"offer", v.ends[publishing].offer()},
		})
	case f.ID == "join":
		_, err := v.described(inside, publishing, f.Result)
		return err
	case f.Method == "peer-list":
		return v.listed(f.Params)
	case f.Method == "offer":
		offered, err := v.described(inside, subscribing, f.Params)
		if err != nil {
			return err
		}
		v.sees.offered(offered)
		return v.send(ctx, "", "answer", map[string]any{"desc": description{"answer", v.ends[subscribing].answer(offered)}})
	case f.Method == "trickle":
		var c struct {
			Target    int
			Candidate webrtc.ICECandidateInit
		}
		if err := json.Unmarshal(f.Params, &c); err != nil {
			return err
		}
		if c.Target < len(v.ends) {
			v.ends[c.Target].candidate(c.Candidate.Candidate)
		}
	case f.Method == "on-error":
		return fmt.Errorf("the server says: %s", f.Params)
	}
	return nil
}

// described takes the server's description of a connection, and connects to it.
func (v *onlooker) described(inside context.Context, target int, raw json.RawMessage) (*sdp.SessionDescription, error) {
	var d description
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	remote := &sdp.SessionDescription{}
	if err := remote.UnmarshalString(d.SDP); err != nil {
		return nil, err
	}
	return remote, v.ends[target].begin(inside, remote, v.step)
}

// listed takes who is there, and what of it is looked at.
func (v *onlooker) listed(raw json.RawMessage) error {
	var list struct {
		Peers map[string]struct {
			Tracks map[string]struct{ Type string }
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	var videos []string
	for _, p := range list.Peers {
		for id, t := range p.Tracks {
			if t.Type == "video" {
				videos = append(videos, id)
			}
		}
	}
	if len(videos) < v.sees.looks {
		return fmt.Errorf("%d pictures are there to look at", len(videos))
	}
	v.sees.look(videos[:v.sees.looks])
	v.mu.Lock()
	v.list = true
	v.mu.Unlock()
	return v.ask()
}

// said takes what comes in the server's data channel: the answers to what is asked for.
func (v *onlooker) said(c *datachannel.DataChannel, text []byte) {
	if text == nil {
		v.mu.Lock()
		v.api = c
		v.mu.Unlock()
		if err := v.ask(); err != nil {
			v.step(err)
		}
		return
	}
	var f frame
	if json.Unmarshal(text, &f) != nil || f.ID == "" {
		return
	}
	if f.Error != nil {
		v.step(fmt.Errorf("a picture is refused: %s", f.Error))
		return
	}
	v.step(nil)
}

// ask asks for the pictures, once that can be done.
func (v *onlooker) ask() error {
	v.mu.Lock()
	ready := v.api != nil && v.list && !v.asked
	v.asked = v.asked || ready
	v.mu.Unlock()
	if !ready {
		return nil
	}
	for i, id := range v.sees.wanted() {
		b, err := json.Marshal(map[string]any{"id": strconv.Itoa(i), "jsonrpc": "2.0", "method": "prefer-video-track-state", "params": map[string]string{"track_id": id, "max_spatial_layer": "high"}})
		if err != nil {
			return err
		}
		if _, err := v.api.WriteDataChannel(b, true); err != nil {
			return err
		}
	}
	return nil
}

// step notes one of the things that a join takes.
func (v *onlooker) step(err error) {
	v.mu.Lock()
	v.left--
	done := v.left == 0
	v.mu.Unlock()
	if err != nil || done {
		v.settle(err)
	}
}

// watcher counts the packets of pictures that reach a viewer.
type watcher struct {
	looks int

	mu     sync.Mutex
	looked map[string]bool   // tracks
	of     map[uint32]string // SSRC
	got    map[string]uint64
}

func (w *watcher) look(ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked = map[string]bool{}
	for _, id := range ids {
		w.looked[id] = true
	}
}

func (w *watcher) wanted() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Keys(w.looked))
}

// offered takes which pictures have which SSRC.
func (w *watcher) offered(d *sdp.SessionDescription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of = map[uint32]string{}
	if w.got == nil {
		w.got = map[string]uint64{}
	}
	for _, m := range d.MediaDescriptions {
		msid, _ := m.Attribute("msid")
		_, track, _ := strings.Cut(msid, " ")
		text, ok := m.Attribute("ssrc") // the first; that of what is sent again comes behind it
		ssrc, err := strconv.ParseUint(strings.SplitN(text, " ", 2)[0], 10, 32)
		if m.MediaName.Media == "video" && ok && err == nil && track != "" {
			w.of[uint32(ssrc)] = track
		}
	}
}

func (w *watcher) count(h *rtp.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id, ok := w.of[h.SSRC]; ok {
		w.got[id]++
	}
}

// silent is of how many pictures nothing has come.
func (w *watcher) silent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.looks
	for id := range w.looked {
		if w.got[id] > 0 {
			n--
		}
	}
	return n
}

func seen(all []*watcher) (looked, unlooked uint64) {
	for _, w := range all {
		w.mu.Lock()
		for id, n := range w.got {
			if w.looked[id] {
				looked += n
			} else {
				unlooked += n
			}
		}
		w.mu.Unlock()
	}
	return looked, unlooked
}
