// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"testing"

	"github.com/redial-rtc/redial/admin"
)

func TestSummaryTable(t *testing.T) {
	const reply = `{"by":"fault","since":"2026-11-21T00:00:00Z","until":"2026-11-22T00:00:00Z","values":5,
		"total":{"events":412,"users":97,"before":180,"joins":{"attempts":5210,"failed":61,"failure_rate":0.011708}},
		"groups":[
			{"value":"ice.failed","events":240,"share":0.58,"users":51,"before":60,"joins":{"failed":0,"failure_rate":0}},
			{"value":"","events":4,"share":0.01,"users":1,"before":0,"joins":{"failed":1,"failure_rate":null}},
			{"value":"room.full\u001b[2J","events":3,"share":0.01,"users":1,"before":3,"joins":{"failed":3,"failure_rate":0.0006}}],
		"compare":{"since":"2026-11-20T00:00:00Z","until":"2026-11-21T00:00:00Z","complete":true,
			"new":[{"value":"","events":4},{"value":"codec.unsupported","events":2}],"spikes":[{"value":"ice.failed","events":240,"before":60,"z":10.39}]}}`
	const want = `2026-11-21 00:00 to 2026-11-22 00:00 UTC: 412 events, 97 users, 61 of 5210 attempts to join failed (1.2%)
before, 2026-11-20 00:00 to 2026-11-21 00:00: 180 events

FAULT                                   EVENTS   SHARE    USERS  JOIN FAIL     RATE    BEFORE
ice.failed                                 240   58.0%       51          0     0.0%        60  SPIKE z=10.4
(not said)                                   4    1.0%        1          1        -         0  NEW
room.full·[2J                                3    1.0%        1          3     0.1%         3
and 2 more
codec.unsupported                            2  before 0  NEW
`
	var s admin.Summary
	if err := json.Unmarshal([]byte(reply), &s); err != nil {
		t.Fatal(err)
	}
	if got := summaryText(&s, &eventPrinter{e: &env{}}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
