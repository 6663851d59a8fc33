// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package share

import (
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
)

// words are the page's own words in a language. Those about faults are the
// catalogue's. What became of somebody has a place for the name.
type words struct {
	itself     string // the language's own name
	somebody   string
	failed     map[string]string              // by the kind of the failure
	unknown    string                         // of a cause that is not known
	sure       map[diagnose.Confidence]string // said under a cause
	adviceHead string
	causeHead  string
	provoked   string
	until      string
	nothing    [2]string // behind a link that is none: title and text
	ended      [2]string // behind one that is over
}

var languages = map[string]words{
	"en": {
		itself: "English", somebody: "Somebody",
		failed: map[string]string{
			"connect": "%s could not connect", "join": "%s could not join the call", "publish": "%s could not be seen or heard",
			"subscribe": "%s could not see or hear the others", "disconnect": "%s lost the connection",
		},
		unknown: "Why this happened is not known.",
		sure: map[diagnose.Confidence]string{
			diagnose.Proven: "This is certain.", diagnose.Likely: "This is likely, and not certain.", diagnose.Possible: "This is possible. It can also have been:",
		},
		adviceHead: "What you can do", causeHead: "The cause", provoked: "This was provoked on purpose, as a test.", until: "This page can be opened until",
		nothing: [2]string{"There is nothing behind this link", "It may have been copied in part. Ask whoever sent it to you."},
		ended:   [2]string{"This link has ended", "Ask whoever sent it to you for a new one."},
	},
	"de": {
		itself: "Deutsch", somebody: "Jemand",
		failed: map[string]string{
			"connect": "%s konnte sich nicht verbinden", "join": "%s kam nicht in den Anruf", "publish": "%s war nicht zu sehen oder zu hören",
			"subscribe": "%s konnte die anderen nicht sehen oder hören", "disconnect": "%s hat die Verbindung verloren",
		},
		unknown: "Warum das geschah, ist nicht bekannt.",
		sure: map[diagnose.Confidence]string{
			diagnose.Proven: "Das ist sicher.", diagnose.Likely: "Das ist wahrscheinlich, aber nicht sicher.", diagnose.Possible: "Das ist möglich. Es kann auch gewesen sein:",
		},
		adviceHead: "Was Sie tun können", causeHead: "Die Ursache", provoked: "Das wurde absichtlich herbeigeführt, als Test.", until: "Diese Seite ist zu öffnen bis",
		nothing: [2]string{"Hinter diesem Link ist nichts", "Vielleicht wurde er nicht ganz kopiert. Fragen Sie, wer ihn geschickt hat."},
		ended:   [2]string{"Dieser Link ist abgelaufen", "Bitten Sie um einen neuen, wer ihn geschickt hat."},
	},
}

// Language chooses among the languages that the catalogue has by a header
// Accept-Language (RFC 9110, section 12.5.4), English where none is asked for.
func Language(header string) string {
	best, weight := "en", 0.0
	if len(header) > 1024 {
		return best
	}
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		lang, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			parsed, err := strconv.ParseFloat(text, 64)
			if err != nil {
				continue
			}
			q = parsed
		}
		if _, ok := languages[lang]; ok && slices.Contains(fault.Languages(), lang) && q > weight && q <= 1 {
			best, weight = lang, q
		}
	}
	return best
}
