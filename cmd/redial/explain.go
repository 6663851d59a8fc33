// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

const explainHelp = `Explains an error: what happened, why, what to do, what to tell the user, whether
trying again can help, and how every vendor words the same condition. Of a cause
that "redial why" tells it shows the rule: what it needs, and what refutes it.

WORD is the id of a fault, or any vendor's code or name, alone or with the
vocabulary and the method it comes from:

  redial explain room.full
  redial explain 4005
  redial explain OT_ICE_WORKFLOW_FAILED
  redial explain sceenic:106
  redial explain opentok:publish:1500
  redial explain NotReadableError

The vocabularies are hms (100ms for web and Android), hms-ios, sceenic, opentok,
hms-events, and web (DOMException, MediaError, RTCError, WebSocket, STUN, TURN).
When a word means several conditions, all are listed with how to tell them
apart. A word that does not exist exits with code 1 and suggests the nearest.`

func runExplain(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "explain [-json] [-lang LANG] WORD", explainHelp)
	asJSON := f.Bool("json", false, "print one JSON object")
	lang := f.String("lang", "", "language of the explanation: "+strings.Join(fault.Languages(), ", ")+" (default en)")
	rest, err := f.parse(negatives(args), 1, -1)
	if err != nil {
		return err
	}
	if *lang != "" && !slices.Contains(fault.Languages(), *lang) {
		return noSuch("language", *lang, fault.Languages())
	}
	// Names of some vocabularies hold blanks, and not everybody quotes them.
	a, err := dialect.Explain(strings.Join(rest, " "))
	if err != nil {
		return explainFailure(err)
	}
	rule := ruleOf(a)
	if *asJSON {
		return printJSON(e, struct {
			faultdoc.Answer
			Rule *diagnose.Rule `json:"rule,omitempty"` // how the cause is told from what is recorded
		}{faultdoc.NewAnswer(a), rule})
	}
	faultdoc.Printer{W: e.stdout, Bold: e.isTerminal, Lang: *lang}.Answer(a)
	if rule != nil {
		printRule(&whyPrinter{env: e}, rule)
	}
	return nil
}

// ruleOf is the rule by which a cause is told, nil where the answer is no one cause
// or has none of its own.
func ruleOf(a dialect.Answer) *diagnose.Rule {
	if len(a.Matches) != 1 {
		return nil
	}
	rule, _ := diagnose.Lookup(a.Matches[0].Kind.ID)
	return rule
}

// printRule tells how a cause is told from what is recorded of a failure.
func printRule(p *whyPrinter, r *diagnose.Rule) {
	clauses := func(head, mark string, list []*diagnose.Clause) {
		if len(list) == 0 {
			return
		}
		p.head(head)
		for _, c := range list {
			p.item(mark, c.Asks)
		}
	}
	clauses("As a cause it needs", "+", r.Needs)
	clauses("It is surer when", "+", r.Supports)
	clauses("It is refuted when", "x", r.Refutes)
	if len(r.Rivals) > 0 {
		p.head("It is to be told from")
		for _, id := range r.Rivals {
			p.item("-", titled(id)+" ("+id+")")
		}
	}
	if r.Ask.Fact != "" {
		p.head("What would settle it")
		p.item("?", r.Ask.Fact+": "+r.Ask.How)
	}
}

// negatives lets the code -1 be asked for without a "--" before it.
func negatives(args []string) []string {
	if i := slices.Index(args, "-1"); i >= 0 && !slices.Contains(args[:i], "--") {
		return slices.Concat(args[:i], []string{"--"}, args[i:])
	}
	return args
}

// explainFailure words the refusal of a query for people.
func explainFailure(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	switch f.Kind {
	case fault.FieldInvalid:
		return usagef("the query is not understood; expected %v", f.Detail("want"))
	case fault.CatalogueUnknown:
		text := fmt.Sprintf("nothing is known of %q", f.Detail("query"))
		if near, _ := f.Detail("nearest").([]string); len(near) > 0 {
			return fmt.Errorf("%s; did you mean %s?", text, orList(near))
		}
		return fmt.Errorf("%s; \"redial faults\" lists all there is", text)
	}
	return err
}

// orList joins words as people do.
func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func printJSON(e *env, v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
