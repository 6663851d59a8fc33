// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/internal/diagnose"
)

// Outcome is how good a verdict is, against what was provoked. The worse is greater.
type Outcome int

// Outcomes.
const (
	Right       Outcome = iota // the cause, at "likely" or "proven"
	Hedged                     // the cause is among those that are "possible"
	NotKnown                   // nothing is claimed
	Wrong                      // another cause
	WrongProven                // another cause, at "proven"
)

func (o Outcome) String() string {
	return [...]string{"right", "hedged right", "not known", "wrong", "wrong at proven"}[o]
}

// Judge judges a verdict about a case of the recording.
func (r *Recording) Judge(v diagnose.Verdict) Outcome {
	right := func(cause string) bool { return cause != "" && (cause == r.Cause || slices.Contains(r.Also, cause)) }
	switch {
	case v.Confidence == diagnose.NotKnown || v.Cause == "":
		return NotKnown
	case v.Confidence == diagnose.Possible:
		if right(v.Cause) || slices.ContainsFunc(v.Rivals, func(o diagnose.Rival) bool { return right(o.Cause) }) {
			return Hedged
		}
		return Wrong
	case right(v.Cause):
		return Right
	case v.Confidence == diagnose.Proven:
		return WrongProven
	}
	return Wrong
}

// Result is what became of one recording: the worst verdict about its cases.
type Result struct {
	*Recording
	Verdict diagnose.Verdict
	Outcome Outcome
}

// Explain explains every case of the recordings that are no controls.
func Explain(all []*Recording) []Result {
	var results []Result
	for _, r := range all {
		if r.Control() {
			continue
		}
		worst := Result{Recording: r, Outcome: -1}
		for i := range r.Cases {
			v := diagnose.Explain(&r.Cases[i])
			if o := r.Judge(v); o > worst.Outcome {
				worst.Verdict, worst.Outcome = v, o
			}
		}
		results = append(results, worst)
	}
	return results
}

// Figures counts outcomes.
type Figures [WrongProven + 1]int

// Count counts the results that are wanted.
func Count(results []Result, want func(*Result) bool) (f Figures) {
	for i := range results {
		if want(&results[i]) {
			f[results[i].Outcome]++
		}
	}
	return f
}

// Total is how many were counted.
func (f Figures) Total() (n int) {
	for _, k := range f {
		n += k
	}
	return n
}

// Share is the part of some outcomes, in per cent.
func (f Figures) Share(outcomes ...Outcome) float64 {
	n := 0
	for _, o := range outcomes {
		n += f[o]
	}
	return 100 * float64(n) / float64(max(f.Total(), 1))
}

// Matrix is the confusion matrix as Markdown: the sums, and for each cause that was
// provoked what was said, and how sure.
func Matrix(all []*Recording) string {
	results := Explain(all)
	var b strings.Builder
	fmt.Fprint(&b, "| recordings | number | right | hedged right | not known | wrong | wrong at proven |\n|---|--:|--:|--:|--:|--:|--:|\n")
	row := func(name string, f Figures) {
		fmt.Fprintf(&b, "| %s | %d |", name, f.Total())
		for o := Right; o <= WrongProven; o++ {
			fmt.Fprintf(&b, " %d (%.0f %%) |", f[o], f.Share(o))
		}
		b.WriteByte('\n')
	}
	row("the rules were written with", Count(results, func(r *Result) bool { return !r.HeldOut }))
	row("held out", Count(results, func(r *Result) bool { return r.HeldOut }))
	row("all", Count(results, func(*Result) bool { return true }))
	controls, told := 0, 0
	for _, r := range all {
		if r.Control() {
			controls++
			told += len(r.Cases)
		}
	}
	fmt.Fprintf(&b, "\nIn %d controls, calls in which nothing failed, %d failures were recorded to be explained.\n", controls, told)

	fmt.Fprint(&b, "\n| provoked | proven | likely | possible | not known | wrong | said |\n|---|--:|--:|--:|--:|--:|---|\n")
	causes := map[string][]Result{}
	for _, r := range results {
		causes[r.Cause] = append(causes[r.Cause], r)
	}
	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		var n [5]int // as the columns
		said := map[string]int{}
		for _, r := range causes[cause] {
			switch {
			case r.Outcome >= Wrong:
				n[4]++
			case r.Outcome == NotKnown:
				n[3]++
			case r.Outcome == Hedged:
				n[2]++
			case r.Verdict.Confidence == diagnose.Likely:
				n[1]++
			default:
				n[0]++
			}
			said[cmp.Or(r.Verdict.Cause, "–")]++
		}
		var words []string
		for _, id := range slices.Sorted(maps.Keys(said)) {
			words = append(words, fmt.Sprintf("%s %d", id, said[id]))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cause, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(n), "[]")), " | "), strings.Join(words, ", "))
	}
	return b.String()
}
