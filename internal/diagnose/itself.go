// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// itself is the fault of the failure where that is its own cause, such as a room
// that is full; nil where it only shows that something else is wrong.
func (v *view) itself() *fault.Kind {
	id := v.f.Fault
	if v.f.Server != nil && v.f.Server.Fault != "" {
		id = v.f.Server.Fault
	}
	if isSymptom(id) {
		return nil
	}
	return fault.Lookup(id)
}

// plain is the verdict where the failure is its own cause: proven where the server
// refused, with the numbers it gave, and likely where the client alone says so.
func (v *view) plain(k *fault.Kind, all []*finding) Verdict {
	out := Verdict{Cause: k.ID, Confidence: Proven, Says: k.What, Do: catalogueAdvice(k, nil)}
	who := fromServer
	if v.f.Server == nil || v.f.Server.Fault != k.ID {
		who, out.Confidence = fromClient, Likely
		if k.Area == fault.AreaServer {
			out.Confidence = Possible // no client's word makes it the server's trouble
		}
	}
	out.Because = append(out.Because, Fact{Fact: "fault", Value: k.ID, From: who, At: v.at, Says: "the " + who + " says so: " + k.Title})
	if who == fromServer {
		var numbers []string
		for _, d := range v.f.Server.Details {
			if len(out.Because) > 8 || strings.EqualFold(d.Name, "injected") {
				continue
			}
			out.Because = append(out.Because, Fact{Fact: d.Name, Value: d.Value, From: fromServer, At: v.at})
			numbers = append(numbers, fmt.Sprintf("%s: %v", strings.ReplaceAll(d.Name, "_", " "), d.Value))
		}
		if len(numbers) > 0 && len(numbers) <= 4 {
			out.Says += " (" + strings.Join(numbers, ", ") + ")"
		}
	}
	// A cause that lies behind it may not be known.
	for _, f := range all {
		if who == fromClient && f.open() && slices.Contains(f.rule.Rivals, k.ID) {
			out.Confidence = Possible // its own cause as far as the client's word goes, which is the same for both
			out.Rivals = append(out.Rivals, Rival{Cause: f.rule.Cause, Says: sentence(f.rule.Cause), Decides: f.unmet[0].Asks})
			for _, c := range f.unmet {
				out.missing(c)
			}
			continue
		}
		if f.open() && slices.Contains(k.CausedBy, f.rule.Cause) {
			if f.suspected(v) {
				out.Rivals = append(out.Rivals, Rival{Cause: f.rule.Cause, Says: "behind it may lie: " + sentence(f.rule.Cause), Decides: f.unmet[0].Asks})
			}
			for _, c := range f.unmet {
				out.missing(c)
			}
		}
	}
	v.exclude(&out, nil, all)
	return out
}
