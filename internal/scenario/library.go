// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

//go:embed library/*.yaml
var library embed.FS

// Ready is the name of a scenario that is part of the binary, and its text.
type Ready struct {
	Name string // as it is asked for
	Text []byte
}

// Library are the ready scenarios, by name.
func Library() []Ready {
	files, err := library.ReadDir("library")
	if err != nil {
		panic(err) // embedded: it cannot fail
	}
	var all []Ready
	for _, f := range files {
		text, err := library.ReadFile(path.Join("library", f.Name()))
		if err != nil {
			panic(err)
		}
		all = append(all, Ready{strings.TrimSuffix(f.Name(), ".yaml"), text})
	}
	return all
}

// Find returns a ready scenario. It fails with fault.FieldInvalid, naming those
// there are.
func Find(name string) (Ready, error) {
	all := Library()
	i := slices.IndexFunc(all, func(r Ready) bool { return r.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return Ready{}, fault.FieldInvalid.New("field", "scenario", "got", name, "want", "a file, or one of the ready scenarios: "+strings.TrimPrefix(meant(name, names), "possible: "))
}
