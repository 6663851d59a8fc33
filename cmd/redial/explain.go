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
	"github.com/redial-rtc/redial/internal/faultdoc"
)

const explainHelp = `Explains an error: what happened, why, what to do, what to tell the user, whether
trying again can help, and how every vendor words the same condition.

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
	if *asJSON {
		return printJSON(e, faultdoc.NewAnswer(a))
	}
	faultdoc.Printer{W: e.stdout, Bold: e.isTerminal, Lang: *lang}.Answer(a)
	return nil
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
