// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about tracks: the first stage that one did not reach.

const tooLong = 6 * time.Second // for media to begin

// track looks for one on the failed side that is as wanted.
func (v *view) track(side string, match func(evidence.Track) bool) (*evidence.Track, bool) {
	if v.path == nil || v.path.Side != side {
		return nil, false
	}
	for i := range v.path.Tracks {
		if t := &v.path.Tracks[i]; match(*t) {
			return t, true
		}
	}
	return nil, len(v.path.Tracks) > 0
}

func trackClause(fact, asks, side string, match func(*view, evidence.Track) bool, says func(*view, *evidence.Track) string) *Clause {
	return &Clause{Fact: fact, Asks: asks, How: howPath, ask: func(v *view) answer {
		t, known := v.track(side, func(t evidence.Track) bool { return match(v, t) })
		switch {
		case t != nil:
			return answer{is: yes, value: t.Kind, at: v.pathAt, says: says(v, t)}
		case known:
			return answer{is: no, value: 0, at: v.pathAt, says: "not so: " + asks}
		}
		return answer{}
	}}
}

var neverSent = trackClause("track.first", "a track was announced and no packet of it came", "publish",
	func(v *view, t evidence.Track) bool {
		return !t.Announced.IsZero() && t.First.IsZero() && t.Packets == 0 && v.pathAt.Sub(t.Announced) >= tooLong
	},
	func(v *view, t *evidence.Track) string {
		return t.Kind + " was announced " + span(v.pathAt.Sub(t.Announced)) + " before, and no packet of it came"
	})

var starving = trackClause("track.state", "the server waits for a key frame of the publisher's", "subscribe",
	func(v *view, t evidence.Track) bool { return t.State == "keyframe" && v.pathAt.Sub(t.Since) >= quiet },
	func(v *view, t *evidence.Track) string {
		return fmt.Sprintf("forwarding waited for a key frame for %s, and %d were asked for", span(v.pathAt.Sub(t.Since)), t.Asked)
	})

var gated = trackClause("track.gate", "the server holds the track back", "subscribe",
	func(_ *view, t evidence.Track) bool { return t.State == "starved" || t.State == "paused" },
	func(v *view, t *evidence.Track) string {
		return "forwarding was " + t.State + " for " + span(v.pathAt.Sub(t.Since))
	})

var silentSource = trackClause("track.source", "the publisher of the track sends nothing", "subscribe",
	func(v *view, t evidence.Track) bool { return t.State == "silent" && v.pathAt.Sub(t.Since) >= quiet },
	func(v *view, t *evidence.Track) string {
		return "nothing of the track came from its publisher for " + span(v.pathAt.Sub(t.Since))
	})

var nothingSent = either("track.first", "a track was announced and its publisher sends nothing", neverSent, silentSource)

var cannotDecode = trackClause("track.codec", "the client cannot decode the track", "subscribe",
	func(_ *view, t evidence.Track) bool { return t.State == "unsupported" },
	func(_ *view, t *evidence.Track) string { return "the client has no decoder for " + t.Codec })

// pathWell: the connection itself is up.
var pathWell = &Clause{
	Fact: "path.state", Asks: "the media connection is up", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil {
			return answer{}
		}
		return answer{is: whether(v.path.State == "connected"), value: v.path.State, at: v.pathAt, says: "the media connection was " + v.path.State}
	},
}

// mediaRules are about tracks on connections that are up.
var mediaRules = []*Rule{
	{
		Cause: "publish.no_media", Behind: append([]string{"publish.no_media"}, mediaFaults...),
		Needs: []*Clause{nothingSent, pathWell}, Refutes: []*Clause{stalled}, Rivals: []string{"keyframe.missing", "forward.gated"},
		Says: "A track was announced ({track.first}) and its publisher sends nothing of it, while the connection is up.",
	},
	{
		Cause: "keyframe.missing", Behind: append([]string{"keyframe.missing"}, mediaFaults...),
		Needs: []*Clause{starving, pathWell}, Rivals: []string{"forward.gated", "publish.no_media", "codec.unsupported"}, Refutes: []*Clause{stalled},
		Says: "The viewer waits for a key frame, and the publisher sends none.",
	},
	{
		Cause: "forward.gated", Behind: append([]string{"forward.gated"}, mediaFaults...),
		Needs: []*Clause{gated, pathWell}, Rivals: []string{"keyframe.missing", "codec.unsupported"}, Refutes: []*Clause{stalled},
		Says: "The server holds the {track.gate} back from this viewer, for want of bandwidth or because it was not asked for.",
	},
	{
		Cause: "codec.unsupported", Behind: mediaFaults,
		Needs: []*Clause{cannotDecode, pathWell}, Rivals: []string{"forward.gated", "keyframe.missing"},
		Says: "The viewer's browser cannot decode the {track.codec} of the publisher.",
	},
}
