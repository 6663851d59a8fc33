// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// outage makes the network of this machine's server disappear: a table of nft
// that drops what goes to and comes from its ports. It needs root, as it should,
// and a network namespace of its own, which the test re-runs itself in, so that
// nothing else on the machine is touched.
type outage struct{ t *testing.T }

// inNamespace runs the test again in a network namespace of its own and tells
// whether this is that run. It skips, with the reason, where it cannot.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("REDIAL_NETNS") == t.Name() {
		sh(t, "ip", "link", "set", "lo", "up")
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root for a network namespace of its own")
	}
	for _, tool := range []string{"ip", "nft", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("needs", tool)
		}
	}
	args := []string{"--net", "--", os.Args[0], "-test.run", "^" + t.Name() + "$", "-test.v", "-test.timeout", "15m"}
	if *long {
		args = append(args, "-long")
	}
	cmd := exec.CommandContext(t.Context(), "unshare", args...) // ended by its id with the test
	cmd.Env = append(os.Environ(), "REDIAL_NETNS="+t.Name())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	return false
}

func sh(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

func (o outage) begin() { o.drop("") }

// drop takes away what matches any of these; "" is everything.
func (o outage) drop(matches ...string) {
	sh(o.t, "nft", "add table inet outage")
	sh(o.t, "nft", "add chain inet outage in { type filter hook input priority 0 ; }")
	for _, m := range matches {
		sh(o.t, "nft", "add rule inet outage in "+m+" drop")
	}
}

func (o outage) end() { sh(o.t, "nft", "delete table inet outage") }

// port is both directions of what goes over a port.
func port(n int) []string { return []string{fmt.Sprint("udp sport ", n), fmt.Sprint("udp dport ", n)} }

// TestNetworkIsLost takes the whole network away and gives it back.
func TestNetworkIsLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a while")
	}
	if !inNamespace(t) {
		return
	}
	s := newSite(t, func(c *config.Config) { c.Reconnect.Hold = 2 * time.Minute })
	lengths := []time.Duration{5 * time.Second}
	if *long {
		lengths = append(lengths, 30*time.Second, time.Minute)
	}
	for _, lasts := range lengths {
		t.Run(fmt.Sprint(lasts), func(t *testing.T) {
			// The default window of 50 s is what the longest is too long for.
			window := max(50*time.Second, 2*lasts)
			_, pub, _, pw, sw, video, _ := pair(t, s, func(c *client.Config) { c.ReconnectWindow = window })
			o := outage{t}
			o.begin()
			time.Sleep(lasts)
			o.end()
			back := time.Now()
			took, err := resumes(video, back)
			if err != nil {
				t.Fatalf("%v; %s %v", err, pub.State(), pub.Err())
			}
			t.Logf("media flows %v after the network is back", took.Round(time.Millisecond))
			until(t, "being whole again", func() bool { return pub.State() == client.StateJoined })
			if len(sw.leaves)+len(pw.ended) != 0 {
				t.Errorf("%d leaves, %d ends", len(sw.leaves), len(pw.ended))
			}
		})
	}
	// For good: neither media nor the endpoint is there, so it is the network.
	t.Run("for good", func(t *testing.T) {
		window := 3 * time.Second
		if *long {
			window = 50 * time.Second
		}
		_, _, _, pw, _, _, _ := pair(t, s, func(c *client.Config) { c.ReconnectWindow = window })
		o := outage{t}
		o.begin()
		defer o.end()
		select {
		case e := <-pw.ended:
			d := client.Describe(e)
			if !d.Terminal || !d.CanRetry || d.Code != 1003 && d.Code != 4005 && d.Code != 2003 {
				t.Errorf("ended with %v %+v", e, d)
			}
			if *long && !errors.Is(e, fault.SignalLost) {
				t.Errorf("ended with %v, want signal.lost: everything was lost", e)
			}
		case <-time.After(window + 30*time.Second):
			t.Fatal("still trying")
		}
	})
}

// resumes waits for media to flow again and tells how long after the return of
// the network it does.
func resumes(video *client.RemoteTrack, back time.Time) (time.Duration, error) {
	for {
		if last := video.Stats().LastAt; last.After(back) {
			return last.Sub(back), nil
		}
		if time.Since(back) > 50*time.Second {
			return 0, errors.New("no media")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestMediaIsLost takes the media away and leaves the socket: each side mends
// itself by an ICE restart, and nobody joins again.
func TestMediaIsLost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a while")
	}
	if !inNamespace(t) {
		return
	}
	s := newSite(t, func(c *config.Config) { c.Reconnect.Hold = 2 * time.Minute })
	for _, c := range []struct {
		name      string
		publisher bool // notices it
		viewer    bool
		cut       func(pub, sub *client.Room) []string
		lasts     time.Duration // 0: for good, as when a NAT has forgotten the port
	}{
		{"publishing", true, false, func(pub, _ *client.Room) []string {
			n, _ := pub.MediaPorts()
			return port(n)
		}, 0},
		{"subscribing", false, true, func(_, sub *client.Room) []string {
			_, n := sub.MediaPorts()
			return port(n)
		}, 0},
		{"all media", true, true, func(*client.Room, *client.Room) []string { return []string{"meta l4proto udp"} }, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, pub, sub, pw, sw, video, _ := pair(t, s, nil)
			defer pub.Leave()
			defer sub.Leave()
			pubBefore, _ := pub.MediaPorts()
			_, subBefore := sub.MediaPorts()
			if pubBefore == 0 || subBefore == 0 {
				t.Fatal("no ports are known")
			}
			o := outage{t}
			o.drop(c.cut(pub, sub)...)
			cut := true
			defer func() {
				if cut {
					o.end()
				}
			}()
			if c.publisher {
				if cause := get(t, pw.reconnecting, "the publisher reconnecting"); !errors.Is(cause, fault.ICEDisconnected) {
					t.Errorf("the publisher reconnects because of %v", cause)
				}
			}
			if c.viewer {
				if cause := get(t, sw.reconnecting, "the viewer reconnecting"); !errors.Is(cause, fault.ICEDisconnected) {
					t.Errorf("the viewer reconnects because of %v", cause)
				}
			}
			time.Sleep(c.lasts) // that long it is gone
			if c.lasts > 0 {
				o.end()
				cut = false
			}
			if c.publisher {
				get(t, pw.reconnected, "the publisher back")
				if now, _ := pub.MediaPorts(); now == pubBefore {
					t.Error("publishing goes on over the same port: that was no restart")
				}
			}
			if c.viewer {
				get(t, sw.reconnected, "the viewer back")
				if _, now := sub.MediaPorts(); now == subBefore {
					t.Error("subscribing goes on over the same port: that was no restart")
				}
			}
			flows(t, video)
			for _, r := range []*client.Room{pub, sub} {
				if r.State() != client.StateJoined || len(r.Peers()) != 1 {
					t.Errorf("%s is %s and sees %d peers", r.Self().Name, r.State(), len(r.Peers()))
				}
			}
			if n := len(pw.leaves) + len(sw.leaves) + len(sw.trackEnds) + len(pw.errors) + len(sw.errors); n != 0 {
				t.Errorf("%d leaves, ends or errors were told", n)
			}
			if !c.publisher && len(pw.reconnecting) != 0 || !c.viewer && len(sw.reconnecting) != 0 {
				t.Error("the other side reconnected, too")
			}
		})
	}
}

// BenchmarkRecovery measures how long after the return of the network media
// flows again, in a network namespace of its own: the median and the worst of
// three outages of each length, of twenty with -long. After one second the paths
// are not lost yet; after six they are, and the socket's, too.
func BenchmarkRecovery(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("needs root for a network namespace of its own")
	}
	for _, lasts := range []time.Duration{time.Second, 6 * time.Second, 15 * time.Second} {
		b.Run("outage="+lasts.String(), func(b *testing.B) {
			n := 3
			if *long {
				n = 20
			}
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), "unshare", "--net", "--", os.Args[0], "-test.run", "^TestRecoveryTimes$", "-test.v")
				cmd.Env = append(os.Environ(), "REDIAL_NETNS=TestRecoveryTimes", "REDIAL_OUTAGES="+fmt.Sprint(n, " ", lasts))
				out, err := cmd.CombinedOutput()
				var took []float64
				for _, m := range regexp.MustCompile(`recovered after (\S+)`).FindAllStringSubmatch(string(out), -1) {
					d, _ := time.ParseDuration(m[1])
					took = append(took, float64(d.Milliseconds()))
				}
				if err != nil || len(took) != n {
					b.Fatalf("%v\n%s", err, out)
				}
				slices.Sort(took)
				b.ReportMetric(took[n/2], "median-ms")
				b.ReportMetric(took[n-1], "worst-ms")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// TestRecoveryTimes is what BenchmarkRecovery runs in its namespace.
func TestRecoveryTimes(t *testing.T) {
	var n int
	var length string
	if _, err := fmt.Sscan(os.Getenv("REDIAL_OUTAGES"), &n, &length); err != nil {
		t.Skip("measures, and asserts nothing: go test -run '^$' -bench Recovery ./client")
	}
	lasts, err := time.ParseDuration(length)
	if err != nil {
		t.Fatal(err)
	}
	inNamespace(t)
	s := newSite(t, func(c *config.Config) { c.Reconnect.Hold = 2 * time.Minute })
	_, pub, sub, _, _, video, _ := pair(t, s, nil)
	for range n {
		o := outage{t}
		o.begin()
		time.Sleep(lasts)
		o.end()
		took, err := resumes(video, time.Now())
		if err != nil {
			t.Fatalf("%v; %s %v", err, pub.State(), pub.Err())
		}
		t.Logf("recovered after %v", took)
		until(t, "being whole again", func() bool { return pub.State() == client.StateJoined && sub.State() == client.StateJoined })
		flows(t, video)
	}
}
