package client_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
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

func (o outage) begin() {
	sh(o.t, "nft", "add table inet outage")
	sh(o.t, "nft", "add chain inet outage in { type filter hook input priority 0 ; policy drop ; }")
}

func (o outage) end() { sh(o.t, "nft", "delete table inet outage") }

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
		lengths = append(lengths, 30*time.Second)
	}
	for _, lasts := range lengths {
		t.Run(fmt.Sprint(lasts), func(t *testing.T) {
			_, pub, _, pw, sw, video, _ := pair(t, s, nil)
			o := outage{t}
			o.begin()
			time.Sleep(lasts)
			o.end()
			back := time.Now()
			for !video.Stats().LastAt.After(back) {
				time.Sleep(5 * time.Millisecond)
				if time.Since(back) > 50*time.Second {
					t.Fatalf("no media; %s %v", pub.State(), pub.Err())
				}
			}
			t.Logf("media flows %v after the network is back", time.Since(back).Round(time.Millisecond))
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

// TestRecoveryTimes measures, twenty times, how long after the return of the
// network media flows again.
func TestRecoveryTimes(t *testing.T) {
	if !*long {
		t.Skip("takes minutes; run with -long")
	}
	if !inNamespace(t) {
		return
	}
	s := newSite(t, func(c *config.Config) { c.Reconnect.Hold = 2 * time.Minute })
	for _, lasts := range []time.Duration{time.Second, 6 * time.Second} {
		_, pub, _, _, _, video, _ := pair(t, s, nil)
		var took []time.Duration
		for range 20 {
			o := outage{t}
			o.begin()
			time.Sleep(lasts)
			o.end()
			back := time.Now()
			for !video.Stats().LastAt.After(back) {
				time.Sleep(2 * time.Millisecond)
				if time.Since(back) > 50*time.Second {
					t.Fatalf("no media; %s %v", pub.State(), pub.Err())
				}
			}
			took = append(took, time.Since(back))
			until(t, "being whole again", func() bool { return pub.State() == client.StateJoined })
		}
		slices.Sort(took)
		t.Logf("after outages of %v media flows again after %v (median of 20), %v (worst)", lasts,
			took[10].Round(time.Millisecond), took[19].Round(time.Millisecond))
	}
}
