// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/diagnose"
)

var write = flag.String("write", "", "the page that gets the figures")

// What the rules are held to, in per cent of all recordings.
const (
	rightAtLeast   = 90
	heldOutAtLeast = 85
	wrongAtMost    = 2
)

// TestRulesTellCausesRight holds the figures: they name what was provoked, are
// hardly ever wrong, never while they claim a proof, and say nothing of a call in
// which nothing failed.
func TestRulesTellCausesRight(t *testing.T) {
	all, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	results := Explain(all)
	for _, r := range results {
		if r.Outcome != Right {
			held := ""
			if r.HeldOut {
				held = " (held out)"
			}
			t.Logf("%s%s is %s: %s at %q where %s was provoked: %s", r.Name, held, r.Outcome, r.Verdict.Cause, r.Verdict.Confidence, r.Cause, r.Verdict.Says)
		}
	}
	f := Count(results, func(*Result) bool { return true })
	if f.Total() < 40 || f.Share(Right) < rightAtLeast || f.Share(Wrong, WrongProven) > wrongAtMost || f[WrongProven] > 0 {
		t.Errorf("of %d: %v", f.Total(), f)
	}
	if held := Count(results, func(r *Result) bool { return r.HeldOut }); held.Total() < 25 || held.Share(Right) < heldOutAtLeast {
		t.Errorf("of %d held out: %v", held.Total(), held)
	}
	for _, r := range all {
		if r.Control() && len(r.Cases) > 0 {
			t.Errorf("%s: %d failures were recorded of a call in which nothing failed", r.Name, len(r.Cases))
		}
	}
	matrix := Matrix(all)
	t.Log("\n" + matrix)
	if *write != "" {
		page, err := os.ReadFile(*write)
		if err != nil {
			t.Fatal(err)
		}
		if page, err = figures(page, matrix); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*write, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const begin, end = "<!-- make diagnosis: begin -->\n", "<!-- make diagnosis: end -->\n"

// figures puts a matrix into a page, between the marks.
func figures(page []byte, matrix string) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf("the page has no place for the figures, between %q and %q", begin, end)
	}
	return fmt.Appendf(nil, "%s%sMeasured on %s with rules %s.\n\n%s%s%s", before, begin, time.Now().UTC().Format(time.DateOnly), diagnose.Version, matrix, end, after), nil
}

// TestVerdictsAreJudged: what counts as right, and what as wrong.
func TestVerdictsAreJudged(t *testing.T) {
	r := &Recording{Cause: "network.lost", Also: []string{"client.vanished"}}
	for _, c := range []struct {
		cause  string
		sure   diagnose.Confidence
		rivals []string
		want   Outcome
	}{
		{"network.lost", diagnose.Proven, nil, Right},
		{"client.vanished", diagnose.Likely, nil, Right},
		{"network.lost", diagnose.Possible, nil, Hedged},
		{"path.changed", diagnose.Possible, []string{"network.lost"}, Hedged},
		{"path.changed", diagnose.Possible, nil, Wrong},
		{"", diagnose.NotKnown, []string{"network.lost"}, NotKnown},
		{"path.changed", diagnose.Likely, []string{"network.lost"}, Wrong},
		{"path.changed", diagnose.Proven, nil, WrongProven},
	} {
		v := diagnose.Verdict{Cause: c.cause, Confidence: c.sure}
		for _, id := range c.rivals {
			v.Rivals = append(v.Rivals, diagnose.Rival{Cause: id})
		}
		if got := r.Judge(v); got != c.want {
			t.Errorf("%+v is %v", c, got)
		}
	}
}
