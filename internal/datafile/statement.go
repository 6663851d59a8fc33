// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import "strings"

// ToKeep is a statement as it is prepared once and run often. SQLite (3.53) looks at the value
// of a bound limit when it makes a plan, and then makes one for each time that the statement
// runs. At an expression it does not look.
func ToKeep(query string) string { return strings.ReplaceAll(query, "LIMIT ?", "LIMIT 0+?") }
