// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// The catalogues of translated texts, one JSON object per language that maps a
// message key to its text. English is in the kinds themselves.
//
//go:embed messages/*.json titles/*.json
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

func (k *Kind) in(lang, texts, english string) string {
	if i := strings.IndexAny(lang, "-_"); i > 0 {
		lang = lang[:i]
	}
	lang = strings.ToLower(lang)
	if lang == "en" || lang == "" {
		return english
	}
	if text := translations(texts, lang)[k.MessageKey()]; text != "" {
		return text
	}
	return english
}

var loaded = struct {
	sync.Mutex
	byFile map[string]map[string]string
}{byFile: map[string]map[string]string{}}

// translations loads a catalogue when it is first asked for; a language that
// does not exist has an empty one.
func translations(texts, lang string) map[string]string {
	if !slices.Contains(Languages(), lang) {
		return nil
	}
	loaded.Lock()
	defer loaded.Unlock()
	file := texts + "/" + lang + ".json"
	if m, ok := loaded.byFile[file]; ok {
		return m
	}
	m := map[string]string{}
	if data, err := catalogues.ReadFile(file); err == nil {
		if err := json.Unmarshal(data, &m); err != nil {
			m = nil // a test reads every catalogue, so a broken one is not released
		}
	}
	loaded.byFile[file] = m
	return m
}
