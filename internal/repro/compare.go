// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
)

// How a fact of the test compares with that of the failure.
const (
	Same     = "same"
	Differs  = "differs"
	OnlyHers = "only hers"
	OnlyTest = "only the test's"
)

// Fact is one fact, as the record of the failure has it and as that of the test.
type Fact struct {
	From   string `json:"from"` // "verdict", "client" or "server"
	Fact   string `json:"fact"`
	Hers   string `json:"hers,omitempty"`
	Test   string `json:"test,omitempty"`
	Result string `json:"result"` // one of the words above
}

// said is a fact in words. Numbers and times are left out: no two calls have the same.
type said struct{ from, fact, value string }

// maxSaid is how long the words of a fact may be, in bytes.
const maxSaid = 200

// describe puts what is on record of a failure into facts, with codes and names in the
// words of a vendor. Nothing in it names a person, a room or an address.
func describe(e *event.Event, v *diagnose.Verdict, d *dialect.Dialect) (all []said) {
	add := func(from, fact, value string) {
		if value != "" {
			all = append(all, said{from, fact, strings.ToValidUTF8(value[:min(len(value), maxSaid)], "")})
		}
	}
	add("verdict", "cause", cmp.Or(v.Cause, "not known"))
	add("verdict", "confidence", string(v.Confidence))
	client, server := e.Halves()
	worded := *e
	report.In(d, &worded)
	if client != nil {
		add("client", "reported", cmp.Or(client.Fault, "none of the catalogue"))
		add("client", "was doing", string(client.Op))
		add("client", "session ended", yesNo(client.Terminal))
	}
	if worded.Failure.Code != 0 {
		add("client", "code, in the words of "+d.Title, fmt.Sprint(worded.Failure.Code))
	}
	add("client", "name, in the words of "+d.Title, worded.Failure.Name)
	add("server", "kind of failure", strings.TrimPrefix(string(e.Type), "client."))
	if server != nil {
		add("server", "fault", server.Fault)
		add("server", "was asked for", string(server.Op))
		for _, f := range server.Details {
			if slices.Contains(telling, f.Name) {
				add("server", f.Name, fmt.Sprint(f.Value))
			}
		}
	}
	if e.Evidence != nil {
		ofPath(e.Evidence.Path, add)
		ofSocket(e.Evidence.Socket, add)
		ofToken(e.Evidence.Token, add)
		for _, r := range e.Evidence.Reach {
			if r.Through > 0 {
				add("server", "others got through over "+r.Protocol, "yes")
			}
		}
	}
	return all
}

// telling are the details of faults that tell how it was and not of whom.
var telling = []string{"claim", "reason", "stage", "stun_seen", "what"}

func ofPath(p *evidence.Path, add func(from, fact, value string)) {
	if p == nil {
		return
	}
	add("server", "connection", p.Side)
	add("server", "state of the connection", p.State)
	add("server", "DTLS", cmp.Or(p.DTLS, "not begun"))
	add("server", "a check of the client arrived", yesNo(p.STUN))
	add("server", "media arrived", yesNo(!p.RTP.In.IsZero()))
	var kinds []string
	for _, k := range []struct {
		name string
		n    int
	}{{"host", p.Candidates.Host}, {"srflx", p.Candidates.Srflx}, {"relay", p.Candidates.Relay}, {"tcp", p.Candidates.TCP}, {"mdns", p.Candidates.MDNS}} {
		if k.n > 0 {
			kinds = append(kinds, k.name)
		}
	}
	add("server", "candidates of the client", cmp.Or(strings.Join(kinds, ", "), "none"))
	for _, t := range p.Traffic {
		add("server", t.Class+" over "+t.Protocol, ways(t.In != nil && t.In.Packets > 0, t.Out != nil && t.Out.Packets > 0))
	}
}

// ways says in which directions something passed.
func ways(in, out bool) string {
	switch {
	case in && out:
		return "both ways"
	case in:
		return "from the client only"
	case out:
		return "to the client only"
	}
	return ""
}

func ofSocket(s *evidence.Socket, add func(from, fact, value string)) {
	switch {
	case s == nil:
	case s.Ended.IsZero():
		add("server", "signalling", "open")
	default:
		add("server", "signalling", strings.TrimSpace("ended by "+s.By+", "+s.How))
	}
}

func ofToken(t *evidence.Token, add func(from, fact, value string)) {
	if t == nil || t.Now.IsZero() {
		return
	}
	says := "in its time"
	switch {
	case !t.Expires.IsZero() && t.Now.After(t.Expires):
		says = "run out, " + roughly(t.Now.Sub(t.Expires)) + " before"
	case t.Now.Before(t.NotBefore):
		says = "not yet good, for " + roughly(t.NotBefore.Sub(t.Now))
	}
	add("server", "token", says)
}

// roughly is a length of time in so few words that two tries have the same.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "under 2 minutes"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%d hours", int(d.Round(time.Hour).Hours()))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// compare holds the facts of a test against those of a failure, in the order of the
// failure's.
func compare(hers, tests []said) []Fact {
	all := make([]Fact, 0, len(hers)+len(tests))
	at := map[[2]string]int{}
	for _, h := range hers {
		if _, twice := at[[2]string{h.from, h.fact}]; twice {
			continue
		}
		at[[2]string{h.from, h.fact}] = len(all)
		all = append(all, Fact{h.from, h.fact, h.value, "", OnlyHers})
	}
	for _, t := range tests {
		i, ok := at[[2]string{t.from, t.fact}]
		switch {
		case !ok:
			at[[2]string{t.from, t.fact}] = len(all)
			all = append(all, Fact{t.from, t.fact, "", t.value, OnlyTest})
		case all[i].Test == "":
			all[i].Test, all[i].Result = t.value, Differs
			if all[i].Hers == t.value {
				all[i].Result = Same
			}
		}
	}
	order := []string{"verdict", "client", "server"}
	slices.SortStableFunc(all, func(a, b Fact) int { return slices.Index(order, a.From) - slices.Index(order, b.From) })
	return all
}

// means says what the comparison tells. The lock is held.
func (r *run) means(facts []Fact) string {
	cause := facts[slices.IndexFunc(facts, func(f Fact) bool { return f.From == "verdict" && f.Fact == "cause" })]
	met := cause.Result == Same
	if !met && r.failure.Cause == "" { // only what is on record can be the same
		met = slices.ContainsFunc(facts, func(f Fact) bool { return f.From == "server" && f.Fact == "fault" && f.Result == Same })
	}
	switch {
	case r.in && r.plan.retrace.now:
		return "The test participant got in: a room as hers is set now takes people in. It was changed since, or the cause is on her side."
	case r.in:
		return "The test participant got in: the cause is on her side."
	case len(r.found) == 0:
		return "Nothing of this is on record of the test participant. A failure of this cause leaves a record here, so look at her side first."
	case met && r.plan.retrace != nil:
		return "The server behaves the same without her and without her network: it is how the room or the token was, and no fault of her device or network."
	case met:
		return "Provoked here, this cause leaves such a record. " + differing(facts)
	case r.plan.retrace != nil:
		return "The test participant was refused for another reason: compare what differs before the verdict is believed."
	}
	return "Provoked here, this cause leaves another record: compare what differs before the verdict is believed."
}

// differing counts what is not the same.
func differing(facts []Fact) string {
	n, of := 0, 0
	for _, f := range facts {
		if f.From != "verdict" {
			of++
			if f.Result != Same {
				n++
			}
		}
	}
	if n == 0 {
		return "Every fact is the same, so nothing speaks against the verdict."
	}
	return fmt.Sprintf("Of %d facts %d are not the same: where that is not her client or her way to the server, it speaks against the verdict.", of, n)
}

// wordsOf is the dialect of the client that a failure is of.
func wordsOf(e *event.Event) *dialect.Dialect {
	client, _ := e.Halves()
	if client != nil {
		if d := dialect.ByName(client.Dialect); d != nil {
			return d
		}
	}
	return dialect.HMS
}

// Title is what a reproduction brings about, in the words of the catalogue.
func title(id string) string {
	if k := fault.Lookup(id); k != nil {
		return k.Title
	}
	return id
}
