// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	_ "embed"
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
)

//go:embed advice/de.json
var adviceDE []byte

// advices are the rules' own words about what to do, in other languages, by the
// English. Those of the catalogue are there.
var advices = map[string]map[string]string{"de": readAdvices(adviceDE)}

func readAdvices(raw []byte) (texts map[string]string) {
	if err := json.Unmarshal(raw, &texts); err != nil {
		panic(err) // a file of ours, which a test reads
	}
	return texts
}

// In is an advice about a cause in a language of [fault.Languages], or in English
// where it is not one of them.
func (a Advice) In(lang, cause string) string {
	if text, ok := advices[lang][a.Text]; ok {
		return text
	}
	if k := fault.Lookup(cause); k != nil {
		switch a.Text {
		case k.User:
			return k.UserText(lang)
		case k.Do:
			return k.ProseIn(lang).Do
		}
	}
	return a.Text
}
