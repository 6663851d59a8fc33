// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// readDetails takes the details out of a description that an earlier version
// wrote, which is the title of the fault and its details in brackets. It
// gives none when that text cannot be made of them again.
func readDetails(id, description string) []fault.Detail {
	k := fault.Lookup(id)
	if k == nil {
		return nil
	}
	list, ok := strings.CutPrefix(description, k.Title+" (")
	if !ok {
		return nil
	}
	list, ok = strings.CutSuffix(list, ")")
	if !ok {
		return nil
	}
	var details []fault.Detail
	for part := range strings.SplitSeq(list, ", ") {
		name, text, ok := strings.Cut(part, ": ")
		if !ok || name == "" || strings.Contains(name, " ") {
			if len(details) == 0 {
				return nil
			}
			last := &details[len(details)-1] // a comma within a value
			last.Value = fmt.Sprint(last.Value) + ", " + part
			continue
		}
		details = append(details, fault.Detail{Name: name, Value: plainValue(text)})
	}
	if (&fault.Error{Kind: k, Details: details}).Safe() != description {
		return nil
	}
	return details
}

// plainValue reads a number or a truth where a text is one.
func plainValue(text string) any {
	if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
		return n
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}
