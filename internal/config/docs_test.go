// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// notBounds are settings of limits that hold no client back.
var notBounds = map[string]bool{"answer_warning": true}

// TestEveryLimitIsInTheSecurityPage: whoever reads what one client can make the
// server hold or do finds all of it.
func TestEveryLimitIsInTheSecurityPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for f := range reflect.TypeFor[Limits]().Fields() {
		name := f.Tag.Get("yaml")
		// The first of a row is named whole, others of its kind may be short.
		if !notBounds[name] && !strings.Contains(string(page), "`limits."+name+"`") && !strings.Contains(string(page), ", `"+name+"`") {
			t.Errorf("docs/security.md does not name limits.%s", name)
		}
	}
}
