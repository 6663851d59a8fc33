// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// alone is the case of somebody of whom nothing came, while nobody else tried: her
// network, or a firewall before the server.
func alone() *Case {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	return &Case{V: 1, Window: true, Failure: Failure{
		ID: "e", Fault: "ice.failed", Op: "publish", Type: "publish", At: at, Peer: "mia", Server: &Half{Fault: "ice.failed", At: at, Told: at},
		Client: &Half{Fault: "ice.failed", At: at, Told: at.Add(26 * time.Hour)},
		Evidence: &evidence.Record{
			V: 1, At: at,
			Path: &evidence.Path{Side: "publish", State: "failed", Candidates: evidence.Candidates{Host: 2}, Traffic: []evidence.Traffic{{Protocol: "udp", Class: "stun", Out: &evidence.Way{Packets: 20}}},
				Changes: []evidence.Change{{What: "ice", State: "checking", At: at.Add(-8 * time.Second)}}},
			Socket: &evidence.Socket{Opened: at.Add(-time.Minute), In: at, Door: &evidence.Door{Client: "ipv4 public", ClientHash: "a1", Local: "ipv4 public", LocalHash: "5e"}},
			Reach:  []evidence.Reach{{Protocol: "udp", Address: "ipv4 public", Hash: "5e"}},
			Self:   &evidence.Self{Started: at.Add(-time.Hour)},
		},
	}}
}

func truly(b bool) *bool { return &b }

// blocked are findings of a network that lets nothing out but what a browser needs.
func blocked(network string, servers ...evidence.AskedServer) evidence.Asked {
	return evidence.Asked{V: 1, At: time.Date(2026, 11, 27, 14, 0, 0, 0, time.UTC), Network: network, Servers: servers,
		Tries: []evidence.Try{{Over: "udp", Waited: 5000}, {Over: "tcp", Waited: 4500}}}
}

func through(network, over string) evidence.Asked {
	a := blocked(network)
	a.Try(over).Came, a.Try(over).Up = 40, true
	return a
}

// TestWhatABrowserFindsMovesAVerdict: a cause of the client's own becomes likely by it,
// and none of the server's; nothing is proven by it.
func TestWhatABrowserFindsMovesAVerdict(t *testing.T) {
	elsewhere := evidence.AskedServer{URL: "stun:stun.example.org:3478", Code: 701, Waited: 6000, Answers: truly(true)}
	for _, c := range []struct {
		name  string
		asked []evidence.Asked
		want  Confidence
	}{
		{"nobody was asked", nil, Possible},
		{"through from another network", []evidence.Asked{through(evidence.OtherNetwork, "udp")}, Likely},
		{"through over TCP from another network", []evidence.Asked{through(evidence.OtherNetwork, "tcp")}, Likely},
		{"through from who knows where", []evidence.Asked{through("", "udp")}, Possible},
		{"the same network lets media through now", []evidence.Asked{through(evidence.SameNetwork, "udp")}, Possible},
		{"nothing, here and elsewhere", []evidence.Asked{blocked(evidence.SameNetwork, elsewhere)}, Likely},
		{"nothing here", []evidence.Asked{blocked(evidence.SameNetwork)}, Possible},
		{"nothing, from another network", []evidence.Asked{blocked(evidence.OtherNetwork, elsewhere)}, Possible},
		{"a server elsewhere answers", []evidence.Asked{blocked(evidence.SameNetwork, elsewhere, evidence.AskedServer{URL: "stun:b.example.org", Found: true, Answers: truly(true)})}, Possible},
		{"a server that answers nobody", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: elsewhere.URL, Answers: truly(false)})}, Possible},
		{"a server of our own", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: elsewhere.URL, Own: true, Answers: truly(true)})}, Possible},
		{"a server that is not asked over UDP", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: "turns:relay.example.org:443?transport=tcp", Answers: truly(true)})}, Possible},
		{"a server whose answer gives nothing new", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: elsewhere.URL, Waited: 80, Answers: truly(true)})}, Possible},
		{"a server that refuses", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: "turn:turn.example.org", Code: 401, Waited: 6000, Answers: truly(true)})}, Possible},
		{"a name that nobody finds", []evidence.Asked{blocked(evidence.SameNetwork, evidence.AskedServer{URL: elsewhere.URL, Code: 701, Waited: 80, Answers: truly(true)})}, Possible},
		{"not waited for", []evidence.Asked{{V: 1, Network: evidence.SameNetwork, Servers: []evidence.AskedServer{elsewhere}, Tries: []evidence.Try{{Over: "udp", Waited: 100}, {Over: "tcp", Waited: 100}}}}, Possible},
	} {
		with := alone()
		with.Failure.Asked = c.asked
		v := Explain(with)
		if v.Cause != "network.media_blocked" || v.Confidence != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, v.Cause, v.Confidence, c.want)
		}
		if c.want == Likely && (!strings.Contains(v.Says, "another network") && !strings.Contains(v.Says, "elsewhere") || len(v.Rivals) > 0) {
			t.Errorf("%s: %+v", c.name, v)
		}
		if was := Explain(with.BeforeAsking()); was.Confidence != Possible {
			t.Errorf("%s: before it was %s", c.name, was.Confidence)
		}
	}
}

// TestWhatABrowserFindsMakesNoCauseOfTheServers: whatever is found, of every recording,
// nothing becomes proven by it, and no cause of the server's.
func TestWhatABrowserFindsMakesNoCauseOfTheServers(t *testing.T) {
	elsewhere := evidence.AskedServer{URL: "stun:stun.example.org:3478", Code: 701, Waited: 6000, Answers: truly(true)}
	for _, r := range recordings(t) {
		was := Explain(r.read(t))
		for _, network := range []string{evidence.SameNetwork, evidence.OtherNetwork, ""} {
			for _, a := range []evidence.Asked{blocked(network, elsewhere), through(network, "udp"), through(network, "tcp")} {
				c := r.read(t)
				c.Failure.Asked = []evidence.Asked{a}
				v := Explain(c)
				rule, _ := Lookup(v.Cause)
				servers := rule != nil && (rule.Own || slices.Contains([]string{"server.media_blocked", "media.advertised_address"}, v.Cause))
				if v.Confidence == Proven && was.Confidence != Proven || servers && v.Cause != was.Cause && v.Confidence != Possible {
					t.Errorf("%s, with %+v: %s (%s) in the place of %s (%s)", r.name, a, v.Cause, v.Confidence, was.Cause, was.Confidence)
				}
			}
		}
	}
}

// TestTheRecordAtAMoment: what was told later is not known then, and the verdict is that
// of then.
func TestTheRecordAtAMoment(t *testing.T) {
	c := alone()
	at := c.Failure.At
	c.Failure.Asked = []evidence.Asked{through(evidence.OtherNetwork, "udp")}
	c.Near = []Failure{{ID: "n", Fault: "ice.slow", Type: "publish", At: at.Add(time.Hour), Happened: at.Add(-time.Second), Peer: "mia", Server: &Half{Fault: "ice.slow"}}}
	if c.AsKnownAt(at.Add(-time.Second)) != nil {
		t.Error("it is known before it was on record")
	}
	first := c.AsKnownAt(at)
	if first == nil || first.Failure.Client != nil || len(first.Near) != 0 || len(first.Failure.Asked) != 0 || first.Window || Explain(first).Confidence != Possible {
		t.Errorf("at first: %+v", first)
	}
	asked := c.AsKnownAt(at.Add(2 * time.Hour))
	if len(asked.Near) != 1 || len(asked.Failure.Asked) != 1 || asked.Failure.Client != nil || !asked.Window || Explain(asked).Confidence != Likely {
		t.Errorf("when a browser had been asked: %+v", asked)
	}
	if all := c.AsKnownAt(at.Add(48 * time.Hour)); all.Failure.Client == nil || c.Failure.Client == nil || len(c.Failure.Asked) != 1 {
		t.Error("what was told last is not known in the end, or the case was changed")
	}
	var times []time.Duration
	for _, m := range c.Moments() {
		times = append(times, m.At.Sub(at))
	}
	if !slices.Equal(times, []time.Duration{0, time.Hour, 2 * time.Hour, 26 * time.Hour}) {
		t.Errorf("moments: %v", times)
	}

	// What was on record before the failure is no moment at which it was known, and of a
	// moment to come no more is known than now.
	c = alone()
	c.Window = false
	c.Near = []Failure{{ID: "n", Fault: "ice.slow", Type: "publish", At: at.Add(-time.Second), Peer: "mia", Server: &Half{Fault: "ice.slow"}}}
	for _, m := range c.Moments() {
		if c.AsKnownAt(m.At) == nil {
			t.Errorf("at %v, when %s, it was not on record", m.At.Sub(at), m.What)
		}
	}
	if c.Moments()[0].At != at || len(c.AsKnownAt(at).Near) != 1 || c.AsKnownAt(at.Add(time.Hour)).Window {
		t.Errorf("moments: %+v", c.Moments())
	}

	// What the client told first and the server saw later is the client's until then.
	c = alone()
	c.Failure.Client.Told, c.Failure.Server.Told = at, at.Add(time.Minute)
	if v := c.AsKnownAt(at); v.Failure.Server != nil || v.Failure.Evidence != nil || Explain(v).Confidence == Likely {
		t.Errorf("before the server had seen it: %+v", v.Failure)
	}
}

// TestWhatABrowserHasIsSaid: what it told of its devices is there to be read, and that a
// permission is that of the page that asked.
func TestWhatABrowserHasIsSaid(t *testing.T) {
	said := func(a evidence.Asked) string { return strings.Join(AskedSays(&a), " ") }
	lacks := said(evidence.Asked{Devices: []string{"audioinput"}, Permissions: map[string]string{"camera": "prompt", "microphone": "denied"}, Secure: truly(true)})
	for _, want := range []string{"The browser has no camera.", "The microphone is blocked for the page that asked"} {
		if !strings.Contains(lacks, want) {
			t.Errorf("%q does not say %q", lacks, want)
		}
	}
	if strings.Contains(lacks, "no microphone") || strings.Contains(lacks, "camera is blocked") || strings.Contains(lacks, "secure") {
		t.Error(lacks)
	}
	if none := said(evidence.Asked{}); strings.Contains(none, "camera") {
		t.Errorf("a browser that told nothing: %q", none)
	}
	if insecure := said(evidence.Asked{Secure: truly(false)}); !strings.Contains(insecure, "not secure") {
		t.Error(insecure)
	}
}
