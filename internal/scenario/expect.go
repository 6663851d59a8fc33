// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// known refuses to wait for what can never come.
func (x *Expect) known() *mistake {
	if _, err := strconv.Atoi(x.What); err == nil || x.What == "errors" || fault.Lookup(x.What) != nil {
		return nil
	}
	var types, faults []string
	for _, t := range admin.EventTypes() {
		if admin.IsFailure(t) {
			types = append(types, strings.TrimPrefix(t, "client."))
		}
	}
	if slices.Contains(types, x.What) {
		return nil
	}
	for _, k := range fault.All() {
		faults = append(faults, k.ID)
	}
	fix := "possible: errors, a number, a fault of \"redial faults\", " + strings.Join(types, ", ")
	if near := meant(x.What, append(faults, types...)); strings.HasPrefix(near, "did you mean") {
		fix = near[:strings.Index(near, "?")+1] + " " + fix
	}
	return wrong(fix, "%q is never recorded", x.What)
}
