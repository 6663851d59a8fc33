// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package tsgen_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/tsgen"
)

// TestTheTypesAreCurrent: the types of the npm package are those of package admin.
func TestTheTypesAreCurrent(t *testing.T) {
	want, err := tsgen.Render("../..")
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../" + tsgen.Target)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what package %s says: run \"go generate ./admin\"", tsgen.Target, tsgen.Source)
	}
	for _, want := range []string{
		"  packets?: 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'media' | 'audio' | 'video';\n",
		"  room: string;\n", "  skew?: Duration;\n", "  error_code?: number | number[];\n", "  since?: string | Date;\n",
		"  data: EventData;\n", "  source: 'client' | 'server' | 'both';\n",
	} {
		if !strings.Contains(string(have), want) {
			t.Errorf("%s lacks %q", tsgen.Target, want)
		}
	}
}
