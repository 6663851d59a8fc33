// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"cmp"
	"embed"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// The catalogues of translated texts: JSON objects that map a message key to its
// text, in one file per language, or in a directory of files per language where
// there is much. English is in the kinds themselves.
//
//go:embed messages/*.json titles/*.json prose/*/*.json
var catalogues embed.FS

// Languages returns the languages that the user's texts are written in, English
// first.
func Languages() []string {
	langs := []string{"en"}
	files, err := catalogues.ReadDir("messages")
	if err != nil {
		return langs
	}
	for _, f := range files {
		if lang := strings.TrimSuffix(f.Name(), ".json"); lang != "en" {
			langs = append(langs, lang)
		}
	}
	return langs
}

// MessageKey is the key under which translations of the user's text are kept.
func (k *Kind) MessageKey() string { return "fault." + k.ID }

// UserText is the text for the user in a language given as a BCP 47 tag such as
// "de" or "de-AT". It falls back to English.
func (k *Kind) UserText(lang string) string { return k.in(lang, "messages", k.User) }

// TitleIn is the title in a language, as [Kind.UserText] takes it. It falls back
// to English.
func (k *Kind) TitleIn(lang string) string { return k.in(lang, "titles", k.Title) }

// Prose is what developers read of a kind: the fields of [Kind] of the same names.
type Prose struct {
	What string `json:"what"`
	Why  string `json:"why"`
	Sign string `json:"sign"`
	Do   string `json:"do"`
}

// ProseIn is the prose in a language, as [Kind.UserText] takes it. Each text falls
// back to English.
func (k *Kind) ProseIn(lang string) Prose {
	p := translations[Prose]("prose", base(lang))[k.MessageKey()]
	p.What, p.Why = cmp.Or(p.What, k.What), cmp.Or(p.Why, k.Why)
	p.Sign, p.Do = cmp.Or(p.Sign, k.Sign), cmp.Or(p.Do, k.Do)
	return p
}

func (k *Kind) in(lang, texts, english string) string {
	lang = base(lang)
	if lang == "en" || lang == "" {
		return english
	}
	return cmp.Or(translations[string](texts, lang)[k.MessageKey()], english)
}

// base is the language of a BCP 47 tag, without region and script.
func base(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i > 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}

var loaded = struct {
	sync.Mutex
	byName map[string]any
}{byName: map[string]any{}}

// translations loads a catalogue when it is first asked for; a language that
// does not exist has an empty one.
func translations[T any](texts, lang string) map[string]T {
	if !slices.Contains(Languages(), lang) {
		return nil
	}
	loaded.Lock()
	defer loaded.Unlock()
	name := texts + "/" + lang
	if m, ok := loaded.byName[name].(map[string]T); ok {
		return m
	}
	m := map[string]T{}
	for _, pattern := range []string{name + ".json", name + "/*.json"} {
		files, _ := fs.Glob(catalogues, pattern) // fails for a bad pattern only
		for _, file := range files {
			if data, err := catalogues.ReadFile(file); err == nil {
				_ = json.Unmarshal(data, &m) // a test reads every catalogue, so a broken one is not released
			}
		}
	}
	loaded.byName[name] = m
	return m
}
