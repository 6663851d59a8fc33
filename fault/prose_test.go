// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// identifier is what a translation has to keep: code and commands in backticks,
// {placeholders}, ids and settings (a.b, a_b), names of code (aB), names in
// capitals, numbers.
var identifier = regexp.MustCompile("`[^`]+`|\\{[^}]*\\}|[A-Za-z]+(?:[._]+[A-Za-z_]+)+|\\b[a-z]+[A-Z]\\w*|\\b[A-Z]{3,}\\b|\\d+")

// TestProseIsTranslated: every language has every text of every fault, in the file
// of the fault's area, in words of its own and with all names of the English text.
func TestProseIsTranslated(t *testing.T) {
	for _, lang := range fault.Languages()[1:] {
		texts := readProse(t, lang)
		for _, k := range fault.All() {
			var read fault.Prose
			if text, ok := texts[k.MessageKey()]; !ok {
				t.Errorf("%s: prose/%s says nothing of %s", lang, lang, k.ID)
				continue
			} else if err := strict(text, &read); err != nil {
				t.Errorf("%s: %s: %v", lang, k.ID, err)
				continue
			}
			if got := k.ProseIn(lang); got != read {
				t.Errorf("ProseIn(%q) of %s is %+v, want %+v", lang, k.ID, got, read)
			}
			for _, pair := range []struct{ name, english, text string }{
				{"what", k.What, read.What}, {"why", k.Why, read.Why}, {"sign", k.Sign, read.Sign}, {"do", k.Do, read.Do},
			} {
				if err := translation(pair.english, pair.text); err != nil {
					t.Errorf("%s: %s of %s %v: %q", lang, pair.name, k.ID, err, pair.text)
				}
			}
			delete(texts, k.MessageKey())
		}
		for key := range texts {
			t.Errorf("%s: %s belongs to no fault", lang, key)
		}
	}
}

// TestBadTranslationsAreSeen holds the check of translations to what it promises.
func TestBadTranslationsAreSeen(t *testing.T) {
	english := "Set `inject.enabled: true`, see room.full and limits.peer_tracks, DELETE {id}, publishParams and 503."
	good := "Setzen Sie `inject.enabled: true`, siehe room.full und limits.peer_tracks, DELETE {id}, publishParams und 503."
	if err := translation(english, good); err != nil {
		t.Errorf("a good translation %v", err)
	}
	for _, bad := range []string{"", english, good + " ", strings.TrimSuffix(good, "."), strings.Replace(good, " und", "  und", 1)} {
		if translation(english, bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, name := range []string{"`inject.enabled: true`", "room.full", "limits.peer_tracks", "DELETE", "{id}", "publishParams", "503"} {
		if translation(english, strings.Replace(good, name, "dies", 1)) == nil {
			t.Errorf("a translation without %s is accepted", name)
		}
	}
}

// translation says what is wrong with one.
func translation(english, text string) error {
	switch {
	case text == "":
		return fmt.Errorf("is missing")
	case text == english:
		return fmt.Errorf("is the English one")
	case !strings.HasSuffix(text, "."):
		return fmt.Errorf("does not end as a sentence")
	case strings.TrimSpace(text) != text || strings.Contains(text, "  "):
		return fmt.Errorf("has stray blanks")
	}
	for _, name := range identifier.FindAllString(english, -1) {
		if !strings.Contains(text, name) {
			return fmt.Errorf("lacks %s", name)
		}
	}
	return nil
}

// readProse reads the files of a language by key and demands that each key stands
// once, in the file that is named like the Go file of its fault.
func readProse(t *testing.T, lang string) map[string]json.RawMessage {
	t.Helper()
	files, err := filepath.Glob("prose/" + lang + "/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: there is no prose: %v", lang, err)
	}
	all := map[string]json.RawMessage{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]json.RawMessage
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		source, err := os.ReadFile(strings.TrimSuffix(filepath.Base(file), ".json") + ".go")
		if err != nil {
			t.Errorf("%s belongs to no area: %v", file, err)
		}
		for key, text := range texts {
			if id := strings.TrimPrefix(key, "fault."); !bytes.Contains(source, []byte(fmt.Sprintf("ID: %q", id))) {
				t.Errorf("%s: %s is declared elsewhere", file, id)
			}
			if n := bytes.Count(data, []byte(fmt.Sprintf("%q:", key))); n != 1 {
				t.Errorf("%s: %s stands there %d times", file, key, n)
			}
			all[key] = text
		}
	}
	return all
}

// strict decodes JSON that has no field but those of v.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func TestProseIn(t *testing.T) {
	k := fault.RoomFull
	english := fault.Prose{What: k.What, Why: k.Why, Sign: k.Sign, Do: k.Do}
	for _, tag := range []string{"", "en", "en-GB", "xx", "../de", "*"} {
		if got := k.ProseIn(tag); got != english {
			t.Errorf("ProseIn(%q) = %+v, want English", tag, got)
		}
	}
	german := k.ProseIn("de")
	for _, tag := range []string{"de-AT", "DE", "de_CH"} {
		if got := k.ProseIn(tag); got != german || got == english {
			t.Errorf("ProseIn(%q) = %+v, want German", tag, got)
		}
	}
}
