// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import "strings"

// say words a heading or a phrase of a story in the printer's language. English is
// what it is given.
func (p Printer) say(english string) string {
	if english == "" {
		return ""
	}
	if lang, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(p.Lang), "_", "-"), "-"); lang == "de" {
		if text, ok := german[english]; ok {
			return text
		}
	}
	return english
}

// german are the phrases of a story.
var german = map[string]string{
	" (our choice)":                    " (unsere Wahl)",
	" (understood as well)":            " (wird auch verstanden)",
	"no word of its own; would be ":    "kein eigenes Wort; es wäre ",
	" (the code is our choice)":        " (der Code ist unsere Wahl)",
	" (the name is our choice)":        " (der Name ist unsere Wahl)",
	" (joining the two is our choice)": " (beides zusammen ist unsere Wahl)",

	"What happened":                    "Was geschah",
	"Why":                              "Warum",
	"How to recognise it":              "Woran man es erkennt",
	"What to do":                       "Was zu tun ist",
	"What to tell the user":            "Was man den Benutzern sagt",
	"In short":                         "Kurz gesagt",
	"In each vocabulary":               "In jedem Vokabular",
	"Beware":                           "Vorsicht",
	"Related":                          "Verwandt",
	"Defined in":                       "Festgelegt in",
	"The same word can also stand for": "Dasselbe Wort kann auch stehen für",
	"By our choice also for":           "Nach unserer Wahl auch für",
	"The whole story of one of them:":  "Alles über einen davon:",
	"%q stands for %d conditions":      "%q steht für %d Zustände",
	"Area":                             "Bereich",
	"Ends the session":                 "Beendet Sitzung",
	"Trying again":                     "Neuer Versuch",
	"Can be fixed by":                  "Beheben kann es",
	"Operations":                       "Vorgänge",
	"HTTP status":                      "HTTP-Status",
	"Can be caused by":                 "Mögliche Ursache",
	"Can lead to":                      "Kann führen zu",
	"See also":                         "Siehe auch",
	"Said: ":                           "Wort: ",
	"What: ":                           "Was:  ",
	"Tell: ":                           "Merk: ",
	"Do:   ":                           "Tun:  ",
	"yes: the app has to join again":   "ja: Die App muss neu beitreten",
	"no":                               "nein",
	"does not help":                    "hilft nicht",
	"can help at once, with the same settings":       "kann sofort helfen, mit denselben Einstellungen",
	"can help after a pause, with the same settings": "kann nach einer Pause helfen, mit denselben Einstellungen",
	"can help once the user has acted":               "kann helfen, wenn der Benutzer etwas getan hat",
	"needs a new token first":                        "braucht zuerst ein neues Token",

	"user": "Benutzer", "app": "App", "operator": "Betreiber", "vendor": "Hersteller",

	"auth": "Anmeldung", "room": "Raum", "session": "Sitzung", "media": "Medien", "device": "Gerät", "network": "Netz",
	"signalling": "Signalisierung", "transport": "Transport", "client state": "Zustand des Clients", "server": "Server",
	"connection": "Verbindung", "capture device": "Aufnahmegerät", "permission": "Berechtigung", "api": "Schnittstelle", "internal": "intern",

	"1 condition":   "1 Zustand",
	"%d conditions": "%d Zustände",
	" and ":         " und ",

	"An event of type %q is recorded for %s. Its error_code and error_name tell which: look those up.": "Ein Ereignis vom Typ %q wird für %s aufgezeichnet. " +
		"error_code und error_name sagen, um welchen es geht: Schlagen Sie diese nach.",
	"%q is what %s would say for %s without a word of their own:":      "%q wäre das Wort von %s für %s ohne eigenes Wort:",
	"%q is also what %s would say for %s without a word of their own:": "%q wäre auch das Wort von %s für %s ohne eigenes Wort:",
	"The message beside the code tells which. The whole story of one:": "Die Meldung neben dem Code sagt, um welchen es geht. Alles über einen davon:",

	"100ms error events":             "Fehlerereignisse von 100ms",
	"100ms SDKs for web and Android": "100ms-SDKs für Web und Android",
	"100ms SDK for iOS":              "100ms-SDK für iOS",
	"Sceenic WatchTogether SDKs":     "WatchTogether-SDKs von Sceenic",
	"Web platform":                   "Web-Plattform",
}
