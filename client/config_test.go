// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"errors"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// A path is refused and not dropped: clients ask for /init at the root.
func TestAnEndpointWithAPathIsRefused(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"https://v.example.org": true, "https://v.example.org/": true, "https://v.example.org/#code=x": true,
		"https://v.example.org/rtc": false, "https://v.example.org/init": false,
	} {
		if _, err := (Config{Endpoint: endpoint}).origin(); (err == nil) != good || !good && !errors.Is(err, fault.EndpointInvalid) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// A token from a file ends with a line end, which is not part of it; within one it
// is named.
func TestATokenWithALineEnd(t *testing.T) {
	const good = "e30.eyJyb29tX2lkIjoiciJ9.x"
	if got := (Config{Token: good + "\r\n"}).withDefaults().Token; got != good {
		t.Errorf("%q", got)
	}
	if _, err := readToken(good); err != nil {
		t.Error(err)
	}
	_, err := readToken("e30.eyJyb29tX2lk\nIjoiciJ9.x")
	if f := fault.From(err, fault.OpInit); !errors.Is(err, fault.TokenMalformed) || f.Detail("offset") != 16 {
		t.Error(err)
	}
}
