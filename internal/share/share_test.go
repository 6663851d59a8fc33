// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package share

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
)

// TestLinks: a link opens what it was made for, and nothing that was changed, cut or
// made with another key opens anything.
func TestLinks(t *testing.T) {
	links, others := NewLinks([KeyBytes]byte{1}), NewLinks([KeyBytes]byte{2})
	event, until := uuid.Must(uuid.NewV7()), time.Unix(1_800_000_000, 0)
	text := links.Seal(event, until)
	if got, end, ok := links.Open(text); !ok || got != event || !end.Equal(until) {
		t.Errorf("opened %v, %v, %v", got, end, ok)
	}
	if strings.ContainsAny(text, "+/=") {
		t.Errorf("%q does not stand in a path", text)
	}
	if _, _, ok := others.Open(text); ok {
		t.Error("a link of another server opens")
	}
	for i := range text {
		for _, c := range []byte("A_z0") {
			changed := text[:i] + string(c) + text[i+1:]
			if _, _, ok := links.Open(changed); ok && changed != text {
				t.Fatalf("%q opens, made of %q", changed, text)
			}
		}
	}
	for _, bad := range []string{"", text[1:], text + "A", strings.Repeat("A", len(text)), text[:10] + "\n" + text[11:], "../" + text} {
		if _, _, ok := links.Open(bad); ok {
			t.Errorf("%q opens", bad)
		}
	}
}

// FuzzLink: no text opens anything that was not sealed.
func FuzzLink(f *testing.F) {
	links := NewLinks([KeyBytes]byte{1})
	f.Add(links.Seal(uuid.Nil, time.Unix(1, 0)))
	f.Add("de-AT, en;q=0.5")
	f.Fuzz(func(t *testing.T, text string) {
		if event, until, ok := links.Open(text); ok && links.Seal(event, until) != text {
			t.Errorf("%q opens", text)
		}
		if _, known := languages[Language(text)]; !known {
			t.Errorf("%q is %q", text, Language(text))
		}
	})
}

func mias() *Failure {
	return &Failure{
		Name: "Mia\u202e <script>alert(1)</script>", Room: "consult & more", Type: "publish", Fault: fault.ICEFailed.ID,
		Happened: time.Date(2026, 11, 25, 13, 5, 2, 0, time.UTC), Until: time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC),
		Verdict: &diagnose.Verdict{
			Event: "01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5", Cause: fault.ICEFailed.ID, Confidence: diagnose.Possible, Injected: true,
			Says:    "nothing of hers came to 203.0.113.9:7882/udp from peer 5d0e-secret",
			Because: []diagnose.Fact{{Fact: "path.udp.in", Value: "hidden-evidence", From: "server"}},
			Rivals:  []diagnose.Rival{{Cause: fault.ICEDisconnected.ID, Says: "rival-sentence"}},
			Do:      []diagnose.Advice{{Who: fault.ByUser, Text: "Try another network, such as a phone's."}, {Who: fault.ByOperator, Text: "Offer TURN, operator."}},
			Follows: []string{"follower-id"},
		},
	}
}

// TestThePage is in the reader's language and has nothing that is not theirs to see.
func TestThePage(t *testing.T) {
	for lang, want := range map[string][]string{
		"en": {`<html lang="en">`, "Mia could not be seen or heard", "consult &amp; more", "2026-11-25T13:05:02Z", fault.ICEFailed.User, fault.ICEFailed.Title, "This is possible", fault.ICEDisconnected.Title, "Try another network, such as a phone&#39;s.", `<a href="?lang=de" lang="de" hreflang="de">Deutsch</a>`, "provoked on purpose"},
		"de": {`<html lang="de">`, "Mia war nicht zu sehen oder zu hören", fault.ICEFailed.UserText("de"), fault.ICEFailed.TitleIn("de"), "Das ist möglich", "absichtlich", "Versuchen Sie ein anderes Netz, etwa das eines Mobiltelefons.", `<a href="?lang=en" lang="en" hreflang="en">English</a>`, "Diese Seite ist zu öffnen bis"},
	} {
		page := string(Render(lang, mias()))
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: no %q in\n%s", lang, text, page)
			}
		}
		for _, text := range []string{"203.0.113.9", "5d0e", "01a2f3c4", "hidden-evidence", "rival-sentence", "operator", "follower", "alert", "\u202e", "ice.failed"} {
			if strings.Contains(page, text) {
				t.Errorf("%s: %q is on the page:\n%s", lang, text, page)
			}
		}
	}
	unknown := mias()
	unknown.Verdict = &diagnose.Verdict{Confidence: diagnose.NotKnown}
	unknown.Name, unknown.Room, unknown.Type = "", "", "disconnect"
	if page := string(Render("en", unknown)); !strings.Contains(page, "Somebody lost the connection") || !strings.Contains(page, "is not known") || strings.Contains(page, `class="sure"`) {
		t.Errorf("of a cause that is not known:\n%s", page)
	}
}

// TestThePolicyAllowsThePage: the style and the script that a page has are those
// whose hashes are allowed, and there is nothing else in it that needs to be.
func TestThePolicyAllowsThePage(t *testing.T) {
	inline := regexp.MustCompile(`(?s)<(style|script)[^>]*>(.*?)</`)
	for name, page := range map[string][]byte{"a failure": Render("de", mias()), "nothing": Nothing("en", false), "ended": Nothing("de", true)} {
		found := inline.FindAllStringSubmatch(string(page), -1)
		if len(found) != 2 {
			t.Fatalf("%s: %d inline elements", name, len(found))
		}
		for _, m := range found {
			if !strings.Contains(Policy, m[1]+"-src '"+HashOf(m[2])+"'") {
				t.Errorf("%s: this %s is not allowed by %s:\n%s", name, m[1], Policy, m[2])
			}
		}
		page = []byte(strings.ReplaceAll(string(page), ` href="?lang=`, "")) // which leads to itself
		for _, bad := range []string{" style=", " onclick", "http:", "https:", "src=", "href="} {
			if i := strings.Index(inline.ReplaceAllString(string(page), ""), bad); i >= 0 {
				t.Errorf("%s: %q in %s", name, bad, page)
			}
		}
	}
}

// TestEveryWordIsThere: what one language says, all do, for every kind of failure.
func TestEveryWordIsThere(t *testing.T) {
	for _, lang := range fault.Languages() {
		w, ok := languages[lang]
		if !ok {
			t.Errorf("the catalogue is in %q, the page is not", lang)
			continue
		}
		if w.itself == "" {
			t.Errorf("%s: what it calls itself", lang)
		}
		for _, typ := range []string{"connect", "join", "publish", "subscribe", "disconnect"} {
			if strings.Count(w.failed[typ], "%s") != 1 {
				t.Errorf("%s: %s is %q", lang, typ, w.failed[typ])
			}
		}
		for _, c := range []diagnose.Confidence{diagnose.Proven, diagnose.Likely, diagnose.Possible} {
			if w.sure[c] == "" {
				t.Errorf("%s: no words for %q", lang, c)
			}
		}
	}
}

func TestLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.5": "de", "en-GB,de;q=0.9": "en", "fr,de;q=0.8,en;q=0.7": "de", "fr": "en",
		"en;q=0.1, de;q=0.2": "de", "de;q=x": "en", "DE": "de", "de;q=0": "en", ";;,,": "en", strings.Repeat("de,", 1000): "en",
	} {
		if got := Language(header); got != want {
			t.Errorf("%.40q is %q, want %q", header, got, want)
		}
	}
}
