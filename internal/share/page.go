// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package share

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	page = template.Must(template.New("page").Parse(pageHTML))
)

// Policy is the Content-Security-Policy (W3C CSP Level 3) of the page: its own
// style, its own script, which writes times as the reader's clock has them, and
// nothing else.
var Policy = "default-src 'none'; style-src '" + HashOf(pageCSS) + "'; script-src '" + HashOf(pageJS) +
	"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Style is the style of pages for whoever has a link.
func Style() string { return pageCSS }

// HashOf is a text's source expression for a Content-Security-Policy (W3C CSP Level 3).
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Failure is what the page tells of a failure.
type Failure struct {
	Name     string // of the person, of which the first word is shown
	Room     string // its name
	Type     string // as of [diagnose.Failure]
	Fault    string // what is on record
	Happened time.Time
	Verdict  *diagnose.Verdict
	Until    time.Time // until when the link is good
}

// view is what the template reads.
type view struct {
	CSS   template.CSS
	JS    template.JS
	Lang  string
	Title string
	Room  string
	Text  string // for the person, by the catalogue

	When, Stamp                  string
	Advice                       []string
	AdviceHead                   string
	Cause, CauseHead, Sure, Note string
	Rivals                       []string
	Until, UntilText, UntilStamp string

	Others []other // the languages that it can be read in as well
}

// other is a language, by its own name.
type other struct{ Lang, Name string }

// Render makes the page about a failure.
func Render(lang string, f *Failure) []byte {
	w := languages[lang]
	v := view{Lang: lang, Room: shown(f.Room, 60), CauseHead: w.causeHead, AdviceHead: w.adviceHead}
	name := w.somebody
	if first := strings.Fields(shown(f.Name, 40)); len(first) > 0 {
		name = first[0]
	}
	v.Title = fmt.Sprintf(w.failed[f.Type], name)
	v.When, v.Stamp = Times(f.Happened)
	v.Until, v.UntilStamp = Times(f.Until)
	v.UntilText = w.until
	seen, cause := fault.Lookup(f.Fault), fault.Lookup(f.Verdict.Cause)
	if cause != nil {
		v.Text, v.Cause, v.Sure = cause.UserText(lang), cause.TitleIn(lang), w.sure[f.Verdict.Confidence]
	} else {
		v.Cause = w.unknown
		if seen != nil {
			v.Text = seen.UserText(lang)
		}
	}
	if f.Verdict.Confidence == diagnose.Possible {
		for _, r := range f.Verdict.Rivals {
			if k := fault.Lookup(r.Cause); k != nil {
				v.Rivals = append(v.Rivals, k.TitleIn(lang))
			}
		}
	}
	for _, a := range f.Verdict.Do {
		if text := a.In(lang, f.Verdict.Cause); a.Who == fault.ByUser && text != v.Text {
			v.Advice = append(v.Advice, text)
		}
	}
	if f.Verdict.Injected {
		v.Note = w.provoked
	}
	return render(&v)
}

// Nothing is the page behind a link that is none, or that is over.
func Nothing(lang string, ended bool) []byte {
	w := languages[lang]
	says := w.nothing
	if ended {
		says = w.ended
	}
	return render(&view{Lang: lang, Title: says[0], Text: says[1]})
}

func render(v *view) []byte {
	for _, lang := range fault.Languages() {
		if lang != v.Lang {
			v.Others = append(v.Others, other{lang, languages[lang].itself})
		}
	}
	v.CSS, v.JS = template.CSS(pageCSS), template.JS(pageJS)
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		panic(err) // into memory, of texts: a mistake in the template, which a test finds
	}
	return b.Bytes()
}

// Times is a time for people whose clock is not known, and for programs.
func Times(t time.Time) (text, stamp string) {
	t = t.UTC()
	return t.Format("2006-01-02 15:04 UTC"), t.Format(time.RFC3339)
}

// shown is a text of a stranger's, without what is not seen or turns the direction
// of what is, and cut to so many characters.
func shown(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}
