// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with one setting.
type Problem struct {
	Field string `json:"field"`          // the setting's dotted name
	Line  int    `json:"line,omitempty"` // in the file; 0 when it does not come from one
	What  string `json:"what"`           // what is wrong, without a full stop
	Fix   string `json:"fix,omitempty"`  // what to write instead, without a full stop
}

func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Field != "" {
		fmt.Fprintf(&b, "%s: ", p.Field)
	}
	b.WriteString(p.What)
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// Problems are all that is wrong, so that nobody has to start the server five
// times to find five mistakes.
type Problems []Problem

func (p Problems) Error() string {
	if len(p) == 1 {
		return p[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d problems", len(p))
	for _, one := range p {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}
