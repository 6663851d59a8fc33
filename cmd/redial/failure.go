// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// printFailure says what failed and, where the catalogue knows, what to do. The
// words may be a server's, and must not steer the terminal.
func printFailure(e *env, err error) {
	text := err.Error()
	var f *fault.Error
	known := errors.As(err, &f)
	do := ""
	if known {
		do = advice(f.Kind)
		if blamed := e.flags.blame(f); blamed != "" {
			text, do = blamed, fmt.Sprintf("%q says what each flag takes.", "redial "+e.flags.verb()+" -h")
		}
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	fmt.Fprintf(e.stderr, "redial: %s\n", strings.Join(lines, "\n"))
	if !known {
		return
	}
	if do != "" {
		fmt.Fprintf(e.stderr, "        %s\n", clean(do))
	}
	if f.Kind.Listed() { // else a newer server knows it
		fmt.Fprintf(e.stderr, "        More: redial explain %s\n", f.Kind.ID)
	}
}

// advice is what somebody at a terminal does about a fault. The catalogue speaks
// to whoever writes requests; where its advice names parts of one, it is said
// here in the words of the command line.
func advice(k *fault.Kind) string {
	if text, ok := terminalAdvice[k.ID]; ok {
		return text
	}
	return k.Do
}

var terminalAdvice = map[string]string{
	fault.FieldInvalid.ID:        "Correct what is named here.",
	fault.FieldMissing.ID:        "Add what is named here.",
	fault.InjectionConflict.ID:   "Wait until it ends, end it with \"redial inject -end ID\", or choose other peers. \"redial inject -list\" shows what is running.",
	fault.InjectionNotFound.ID:   "\"redial inject -list\" shows what is running; an injection that has ended needs no removal.",
	fault.EndpointUnreachable.ID: "Check the address, and that a server runs there and can be reached from here.",
	fault.TokenMissing.ID:        "Give a token with -token, or in REDIAL_TOKEN.",
	fault.RoomNotFound.ID:        "Compare the id or the name with those of the server; it may be another server's (-server).",
	fault.TemplateNotFound.ID:    "Compare the id with those of the server; it may be another server's (-server).",
	fault.SessionNotFound.ID:     "Compare the id with what \"redial events -json\" shows; it may be another server's (-server).",
	fault.EventNotFound.ID:       "Compare the id with what \"redial why\" or \"redial events -json\" shows; what is past the retention is gone.",
	fault.CodeDisabled.ID:        "Ask whoever runs the room for another code.",
}

// flagOf are the flags that fields of requests are called by, where it is not by
// their own name.
var flagOf = map[string]string{
	"room_id": "room", "session_id": "session", "peer_id": "peer", "user_id": "user", "error_code": "code", "error": "errors",
	"rate_kbps": "rate", "limit": "n",
}

// blame words a refused field of a request as the flag that it came from, or is
// "". A field without a flag is left to the server's words.
func (f *flags) blame(refused *fault.Error) string {
	if f == nil || refused.Kind != fault.FieldInvalid && refused.Kind != fault.FieldMissing {
		return ""
	}
	field := fmt.Sprint(refused.Detail("field"))
	name := cmp.Or(flagOf[field], field)
	flag := f.Lookup(name)
	if flag == nil {
		return ""
	}
	if refused.Kind == fault.FieldMissing {
		if want := refused.Detail("want"); want != nil {
			return fmt.Sprintf("-%s is missing; expected %v", name, want)
		}
		return fmt.Sprintf("-%s is missing", name)
	}
	text := "-" + name
	if value := flag.Value.String(); value != "" {
		text += fmt.Sprintf(" %q", value)
	}
	if reason := refused.Detail("reason"); reason != nil {
		return fmt.Sprintf("%s %v", text, reason)
	}
	if want := refused.Detail("want"); want != nil {
		return fmt.Sprintf("%s is not possible; expected %v", text, want)
	}
	return text + " is not possible"
}
