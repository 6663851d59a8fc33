// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestStrangersDoNotSteerTheTerminal says what others may say.
func TestStrangersDoNotSteerTheTerminal(t *testing.T) {
	var out bytes.Buffer
	v := &joinView{e: &env{stdout: &out}, began: time.Now()}
	v.tell(joinLine{}, "message from %s: %s", "a\x1b]0;owned\x07", "one\r\ntwo\x1b[2J")
	if got := out.String(); strings.ContainsAny(got, "\x1b\x07\r") || strings.Count(got, "\n") != 1 {
		t.Errorf("printed %q", got)
	}
	if got := cut("Zoë\x1b[31m and a long name", 9); got != "Zoë?[31m…" {
		t.Errorf("cut to %q", got)
	}
}

func TestLayerOfTheCommandLine(t *testing.T) {
	for _, layer := range []string{"none", "low", "medium", "high"} {
		if err := checkLayer(layer); err != nil {
			t.Error(err)
		}
	}
	if checkLayer("huge") == nil {
		t.Error("huge is taken for a layer")
	}
}
