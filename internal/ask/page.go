// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/share"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.js
	pageJS string

	page = template.Must(template.New("page").Parse(pageHTML))
)

// Policy is the Content-Security-Policy (W3C CSP Level 3) of the page: its own style and
// script, and calls of this server.
var Policy = "default-src 'none'; style-src '" + share.HashOf(share.Style()) + "'; script-src '" + share.HashOf(pageJS) +
	"'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// words are the page's own words in a language.
type words struct {
	itself                     string // the language's own name
	title, text, doing, script string
	where, here, there, unsure string            // the one question, and its answers
	page                       map[string]string // that its script uses

	same, other                 string
	udp, tcp                    string // media gets through
	noUDP, noTCP                string
	large                       string // large packets are lost
	relays, noRelays, held, cut string
	noCamera, noSpeech          string
}

var languages = map[string]words{
	"en": {
		itself: "English", title: "Checking your connection",
		text:  "A call failed at that time. This page finds out what your network lets through, and tells whoever sent you the link. It takes about 20 seconds and opens neither camera nor microphone. It tells most in the network that you were in then.",
		doing: "What is tried", script: "This page needs JavaScript.",
		where: "Where are you now?", here: "In the network of the call: the same Wi-Fi, cable or mobile provider", there: "In another network", unsure: "I do not know",
		page: map[string]string{
			"running": "Please leave this page open.", "question": "One question above is left.", "udp": "Media by the fast way (UDP)", "tcp": "Media by the other way (TCP)", "servers": "Servers that help",
			"done": "Done. Thank you: whoever sent you this link sees it now.", "ended": "This link has ended. Ask whoever sent it to you for a new one.",
			"busy": "Too many are checking just now. Please open this page again in a minute.", "failed": "The check could not be finished. Please reload this page.",
		},
		same: "This is the network in which the call failed.", other: "This is another network than that in which the call failed.",
		udp: "Your network lets media through (UDP).", noUDP: "Your network, or something before the server, lets no media through over UDP.",
		tcp: "Your network lets media through over TCP.", noTCP: "Nothing got through over TCP to the port for media.",
		large:  "Large packets are lost on the way. A VPN is often the reason.",
		relays: "A server that helps answered.", noRelays: "None of the servers that help answered.",
		held: "The connection to the server held.", cut: "The connection to the server was cut.",
		noCamera: "No camera was found.", noSpeech: "No microphone was found.",
	},
	"de": {
		itself: "Deutsch", title: "Ihre Verbindung wird geprüft",
		text:  "Zu dieser Zeit ist ein Anruf gescheitert. Diese Seite stellt fest, was Ihr Netz durchlässt, und sagt es dem, der Ihnen den Link geschickt hat. Das dauert etwa 20 Sekunden; Kamera und Mikrofon werden nicht geöffnet. Am meisten sagt es in dem Netz, in dem Sie damals waren.",
		doing: "Was versucht wird", script: "Diese Seite braucht JavaScript.",
		where: "Wo sind Sie jetzt?", here: "Im Netz des Anrufs: dasselbe WLAN, Kabel oder derselbe Mobilfunkanbieter", there: "In einem anderen Netz", unsure: "Das weiß ich nicht",
		page: map[string]string{
			"running": "Bitte lassen Sie diese Seite offen.", "question": "Oben ist noch eine Frage offen.", "udp": "Ton und Bild auf dem schnellen Weg (UDP)", "tcp": "Ton und Bild auf dem anderen Weg (TCP)", "servers": "Server, die helfen",
			"done": "Fertig. Danke: Wer Ihnen den Link geschickt hat, sieht es jetzt.", "ended": "Dieser Link ist abgelaufen. Bitten Sie um einen neuen, wer ihn geschickt hat.",
			"busy": "Gerade prüfen zu viele. Bitte öffnen Sie diese Seite in einer Minute noch einmal.", "failed": "Die Prüfung ließ sich nicht beenden. Bitte laden Sie die Seite neu.",
		},
		same: "Das ist das Netz, in dem der Anruf gescheitert ist.", other: "Das ist ein anderes Netz als das, in dem der Anruf gescheitert ist.",
		udp: "Ihr Netz lässt Ton und Bild durch (UDP).", noUDP: "Ihr Netz, oder etwas vor dem Server, lässt über UDP weder Ton noch Bild durch.",
		tcp: "Über TCP lässt Ihr Netz Ton und Bild durch.", noTCP: "Über TCP kam am Port für Ton und Bild nichts an.",
		large:  "Große Pakete gehen unterwegs verloren. Oft liegt das an einem VPN.",
		relays: "Ein Server, der hilft, hat geantwortet.", noRelays: "Keiner der Server, die helfen, hat geantwortet.",
		held: "Die Verbindung zum Server hielt.", cut: "Die Verbindung zum Server wurde getrennt.",
		noCamera: "Es wurde keine Kamera gefunden.", noSpeech: "Es wurde kein Mikrofon gefunden.",
	},
}

// Render makes the page that asks about a failure of that time.
func Render(lang string, happened time.Time) []byte {
	w := languages[lang]
	data, err := json.Marshal(w.page)
	if err != nil {
		panic(err) // texts
	}
	v := struct {
		CSS                                    template.CSS
		JS                                     template.JS
		Lang, Title, Text, Doing, Script, Data string
		Where, Same, Other, Unsure             string
		When, Stamp                            string
		Others                                 []struct{ Lang, Name string }
	}{CSS: template.CSS(share.Style()), JS: template.JS(pageJS), Lang: lang, Title: w.title, Text: w.text, Doing: w.doing, Script: w.script, Data: string(data),
		Where: w.where, Same: w.here, Other: w.there, Unsure: w.unsure}
	v.When, v.Stamp = share.Times(happened)
	for _, other := range fault.Languages() {
		if other != lang {
			v.Others = append(v.Others, struct{ Lang, Name string }{other, languages[other].itself})
		}
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		panic(err) // into memory, of texts: a mistake in the template, which a test finds
	}
	return b.Bytes()
}

// Says tells whoever was asked what was found, in their language.
func Says(lang string, a *evidence.Asked) []string {
	w := languages[lang]
	says := []string{}
	say := func(when bool, text string) {
		if when {
			says = append(says, text)
		}
	}
	say(a.Network == evidence.SameNetwork, w.same)
	say(a.Network == evidence.OtherNetwork, w.other)
	for _, way := range []struct{ over, yes, no string }{{"udp", w.udp, w.noUDP}, {"tcp", w.tcp, w.noTCP}} {
		if t := a.Try(way.over); t != nil {
			say(t.Up, way.yes)
			say(!t.Up, way.no)
			say(t.Up && t.Largest < diagnose.LargeMessage, w.large)
		}
	}
	if len(a.Servers) > 0 {
		some, silent := false, 0
		for i := range a.Servers {
			answered, known := a.Servers[i].Answered()
			some = some || answered
			if known && !answered {
				silent++
			}
		}
		say(some, w.relays)
		say(silent == len(a.Servers), w.noRelays)
	}
	if a.Held != nil {
		say(!a.Cut, w.held)
		say(a.Cut, w.cut)
	}
	if len(a.Devices) > 0 {
		has := map[string]bool{}
		for _, kind := range a.Devices {
			has[kind] = true
		}
		say(!has["videoinput"], w.noCamera)
		say(!has["audioinput"], w.noSpeech)
	}
	return says
}
