// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
)

// customary is empty: Windows sends a service none of them.
var customary []os.Signal

// hasTerminal is not asked: on Windows a console that closes ends its processes.
func hasTerminal() bool { return false }
